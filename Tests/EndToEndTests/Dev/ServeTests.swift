import Glibc
import TestKit
import Testing

@testable import TollgateApp

/// Signals of `tollgate serve`.
struct ServeTests {
    @Test func `SIGHUP takes a new configuration; one with mistakes changes nothing and names file, line and field`()
        async throws
    {
        let stack = try await DevStack.start()
        let path = "\(stack.folder.path)/serve.yaml"
        try FleetConfiguration.write(to: path)
        let gateway = try await GatewayProcess.start(beside: stack, configuration: path)
        #expect(try await gateway.edge.send("GET", "/v1/added", stack.bearer).status == 404)

        try FleetConfiguration.write(to: path, routes: FleetConfiguration.bucket("added", capacity: 100))
        gateway.process.send(SIGHUP)
        try await eventually("the new route serves") {
            try await gateway.edge.send("GET", "/v1/added", stack.bearer).status == 200
        }
        try FleetConfiguration.write(to: path, routes: "  - id: broken\n    pth: /v1/broken\n    upstream: jobs\n")
        gateway.process.send(SIGHUP)
        try await eventually("the mistake is logged") { gateway.log.contains("not reloaded") }
        #expect(gateway.log.contains("serve.yaml:") && gateway.log.contains("pth"), "\(gateway.log)")
        #expect(try await gateway.edge.send("GET", "/v1/added", stack.bearer).status == 200)
        #expect(await gateway.stop() == .status(0))
        await stack.stop()
    }

    @Test func `SIGTERM lets a response in flight end, and then ends`() async throws {
        let stack = try await DevStack.start()
        let gateway = try await GatewayProcess.start(beside: stack, configuration: DevStack.demoConfiguration)
        var fields = stack.bearer
        fields["Content-Type"] = "application/json"
        let body = #"{"type":"slow","input":{"text":"one two three four","steps":8,"step_ms":150}}"#
        let made = try await gateway.edge.send("POST", "/v1/jobs", fields, body: body)
        let location = try #require(made.fields["location"])
        async let events = gateway.edge.send("GET", "\(location)/events", stack.bearer)
        try await eventually("the stream is at the gateway") {
            try await stack.edge.send("GET", location, stack.bearer).body.contains("\"running\"")
        }
        let exit = await gateway.stop()
        let answer = try await events
        #expect(exit == .status(0))
        #expect(answer.status == 200 && answer.body.contains("completed"), "\(answer)")
        await stack.stop()
    }

    @Test func `an address that is taken, and a configuration that is wrong, end it with words and a status`()
        async throws
    {
        let stack = try await DevStack.start()
        let wrong = try await stack.run("serve", "--config", "/nonexistent.yaml")
        #expect(wrong.exit == .status(5) && wrong.output.contains("/nonexistent.yaml"), "\(wrong.output)")
        await stack.stop()
    }
}
