// swift-tools-version:6.2
// The targets are the architecture: dependencies point down, nothing points up, and the record layer (Records,
// PostgresClient) is unreachable from the data path (Edge). README.md has the picture.

import PackageDescription

/// For targets that call glibc and Foundation both: with explicit modules the compiler attributes structs such as `stat` to
/// whichever C module it loaded first, and MemberImportVisibility then asks for an import that cannot be written.
let strictButForGlibcStructs: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    // Exclusivity is proven at compile time wherever it can be; the run-time checks cost about 3 % of a request.
    // Debug builds, and so every test, keep them.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]
let strict = strictButForGlibcStructs + [.enableUpcomingFeature("MemberImportVisibility")]

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }
let nioCore = nio("NIOCore")
let nioPosix = nio("NIOPosix")
let nioEmbedded = nio("NIOEmbedded")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

func library(
    _ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = strict
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "tollgate",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "tollgate", targets: ["tollgate"]),
        .executable(name: "job-service", targets: ["job-service"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-http-structured-headers", from: "1.7.0"),
    ],
    targets: [
        // C libraries of the system.
        .systemLibrary(name: "CHiredis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // What is true without any I/O.
        library("Domain", []),
        .target(name: "LuaScripts", path: "lua", resources: [.embedInCode("scripts")], swiftSettings: strict),

        // Protocols and digests: know no limits, no tenants.
        library("Digests", ["COpenSSL", "CCrypt"]),
        library("HTTPWire", [nioCore]),
        library("RedisClient", ["CHiredis", nioCore, nioPosix, logging]),
        library("PostgresClient", ["CPostgres", nioCore, nioPosix, logging]),

        // What the rules speak to.
        library("HotStore", ["Domain", "RedisClient", "LuaScripts", nioCore]),
        .target(
            name: "Records", dependencies: ["Domain", "PostgresClient", logging],
            resources: [.embedInCode("Migrations")], swiftSettings: strict),
        library("Settings", ["Domain", yams]),
        // What was served, in memory that outlives its process.
        library("Journal", ["Domain"], settings: strictButForGlibcStructs),

        // The planes.
        library(
            "Edge",
            [
                "Domain", "Digests", "HTTPWire", "RedisClient", "HotStore", "Journal", "CZlib", nioCore, nioPosix,
                logging,
            ]),
        library(
            "Control",
            [
                "Domain", "Digests", "Settings", "HotStore", "Records", "PostgresClient", "RedisClient", hummingbird,
                logging,
            ], settings: strictButForGlibcStructs),
        library(
            "Workers",
            [
                "Domain", "Digests", "HotStore", "Journal", "RedisClient", "Records", "PostgresClient", lifecycle,
                logging,
            ]),
        library("JobService", ["PostgresClient", hummingbird, asyncHTTPClient, lifecycle, logging, argumentParser]),

        // Wiring and commands.
        library(
            "TollgateApp",
            [
                "Domain", "Digests", "Settings", "Edge", "HotStore", "RedisClient", "Records", "PostgresClient",
                "Control", "Workers", "Journal", argumentParser, asyncHTTPClient, lifecycle, unixSignals, logging,
                subprocess,
                nioCore, nioPosix, nio("NIOHTTP1"),
            ], settings: strictButForGlibcStructs),
        .executableTarget(name: "tollgate", dependencies: ["TollgateApp"], swiftSettings: strict),
        .executableTarget(name: "job-service", dependencies: ["JobService"], swiftSettings: strict),

        // The machines above under one seeded scheduler with virtual time.
        library("Simulation", ["Domain", "Edge", "RedisClient"]),
        .executableTarget(
            name: "tollgate-simulate", dependencies: ["Simulation", argumentParser], swiftSettings: strict),

        // Servers, clocks and seeded randomness for tests.
        library("TestKit", ["RedisClient", "PostgresClient", nioCore, nioPosix]),
        tests("DomainTests", ["Domain", "TestKit"]),
        tests("DigestsTests", ["Digests"]),
        tests(
            "HTTPWireTests", ["HTTPWire", "TestKit", nioCore, nioEmbedded, nio("NIOHTTP1")],
            resources: [.copy("Corpus")]),
        tests("RedisClientTests", ["RedisClient", "TestKit", nioCore, nioPosix, nioEmbedded]),
        tests("PostgresClientTests", ["PostgresClient", "TestKit", nioPosix]),
        tests("JournalTests", ["Journal", "Domain", "TestKit"]),
        tests("HotStoreTests", ["HotStore", "Domain", "LuaScripts", "RedisClient", "TestKit", nioPosix]),
        tests("RecordsTests", ["Records", "Domain", "PostgresClient", "TestKit"]),
        tests("SettingsTests", ["Settings", "Domain"], resources: [.copy("Golden")]),
        tests(
            "EdgeTests",
            [
                "Edge", "Domain", "Digests", "HTTPWire", "HotStore", "Journal", "RedisClient", "TestKit", "Records",
                "Workers", "PostgresClient", nioCore, nioPosix,
                logging,
                nio("NIOHTTP1"),
                nioEmbedded, .product(name: "StructuredFieldValues", package: "swift-http-structured-headers"),
            ]),
        tests(
            "ControlTests",
            [
                "Control", "Digests", "Domain", "Settings", "HotStore", "Records", "PostgresClient", "RedisClient",
                "TestKit", nioCore,
            ]),
        tests(
            "WorkersTests",
            ["Workers", "Domain", "HotStore", "Journal", "Records", "RedisClient", "PostgresClient", "TestKit"]),
        tests("JobServiceTests", ["JobService", "PostgresClient", "TestKit", asyncHTTPClient]),
        tests(
            "EndToEndTests",
            [
                "TollgateApp", "Control", "Domain", "TestKit", "RedisClient", "PostgresClient", argumentParser, nioCore,
                nioPosix,
            ]),
        tests("SimulationTests", ["Simulation", "TestKit"]),
        tests("TidyTests", []),
    ]
)
