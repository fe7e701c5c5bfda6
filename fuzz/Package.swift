// swift-tools-version:6.2
// A package of its own, so that nothing built for fuzzing reaches the product. `Sources/HTTPWire` is a link to the real
// target. See run.sh.

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "fuzz",
    products: [.library(name: "WireFuzz", type: .static, targets: ["WireFuzz"])],
    dependencies: [.package(url: "https://github.com/apple/swift-nio", from: "2.101.2")],
    targets: [
        .target(
            name: "HTTPWire", dependencies: [.product(name: "NIOCore", package: "swift-nio")], swiftSettings: strict),
        .target(
            name: "WireFuzz", dependencies: ["HTTPWire", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: strict),
    ]
)
