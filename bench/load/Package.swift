// swift-tools-version:6.2
// The load generator. It shares no code with what it measures, so it is a package of its own.

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
    name: "tollgate-load",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "tollgate-load", targets: ["tollgate-load"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // What a scenario is, when requests are due, which key is next, what the bucket allows, the report: no I/O.
        .target(
            name: "LoadModel", dependencies: [histogram, .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),
        // Sockets, the terminal, files.
        .executableTarget(
            name: "tollgate-load",
            dependencies: [
                "LoadModel", histogram,
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        .testTarget(name: "LoadModelTests", dependencies: ["LoadModel", histogram], swiftSettings: strict),
    ]
)
