import Domain
import Glibc
import NIOCore
import ServiceLifecycle

/// A listener as a service, whose failure to bind is told in words.
struct BoundService: Service {
    private let service: any Service
    private let purpose: String
    private let listen: ListenAddress

    init(_ service: any Service, purpose: String, listen: ListenAddress) {
        self.service = service
        self.purpose = purpose
        self.listen = listen
    }

    func run() async throws {
        do {
            try await self.service.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            let owner = PortOwner.find(port: self.listen.port).map { " by \($0)" } ?? ""
            throw CommandFailure("Cannot listen on \(self.listen) for \(self.purpose): the port is taken\(owner).")
        } catch let error as IOError where [EACCES, EADDRNOTAVAIL].contains(error.errnoCode) {
            throw CommandFailure(
                "Cannot listen on \(self.listen) for \(self.purpose): \(String(cString: strerror(error.errnoCode))).")
        }
    }
}
