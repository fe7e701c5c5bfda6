import Domain

/// The route table behind one reference: reading the table out of a loop's property would copy it, and so count up and
/// down each of its arrays for every request.
final class Router {
    let table: RouteTable

    init(_ routes: [Route]) {
        self.table = RouteTable(routes)
    }
}
