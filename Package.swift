// swift-tools-version: 6.2
import PackageDescription

/// For scripts/package --debug: a debug build as a package needs it, with Swift's runtime linked in.
let isStandalone = Context.environment["SLUICE_STANDALONE"] != nil

/// The runtime, and what Foundation names only where everything is built for it, each before what it needs.
let staticRuntime =
    ["-static-stdlib"]
    + [
        "Foundation", "FoundationInternationalization", "FoundationEssentials", "CoreFoundation", "_FoundationICU",
        "_FoundationCollections", "_FoundationCShims",
    ].map { "-l\($0)" }

/// For the crash matrix: named instants at which a debug build kills itself when it is told to (docs/durability.md).
let killPoints: [SwiftSetting] = isStandalone ? [] : [.define("KILL_POINTS", .when(configuration: .debug))]

/// What holds for every target of ours: Swift 6 mode comes with the tools version, warnings are errors.
let strict: [SwiftSetting] =
    killPoints + [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let http = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdHTTP2 = Target.Dependency.product(name: "HummingbirdHTTP2", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["sluice"]),
        .library(name: "JSONText", targets: ["JSONText"]),
        .library(name: "JSONSchema", targets: ["JSONSchema"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // C libraries: module maps, nothing else.
        .systemLibrary(name: "CInotifyTools"),
        .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0"),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CSQLite"),
        .systemLibrary(name: "CSystemd"),
        .systemLibrary(name: "CPCRE2"),

        // Libraries of their own.
        .target(name: "JSONText", swiftSettings: strict),
        .target(name: "JSONSchema", dependencies: ["JSONText", "CPCRE2"], swiftSettings: strict),

        // The words, and the file system below the rooms that touch it.
        .target(name: "Model", swiftSettings: strict),
        .target(name: "FileSystem", dependencies: ["Model", "CLinux", crypto, system], swiftSettings: strict),

        // The four rooms and the ledger. None imports another.
        .target(
            name: "Inbox", dependencies: ["Model", "FileSystem", "CInotifyTools", system],
            swiftSettings: strict),
        .target(
            name: "Documents", dependencies: ["Model", "JSONText", "JSONSchema", "CLibXML2", crypto],
            swiftSettings: strict),
        .target(
            name: "Delivery",
            dependencies: ["Model", "FileSystem", crypto, http, nio, nioHTTP, nioPosix, nioSSL, system],
            swiftSettings: strict),
        .target(
            name: "Filing", dependencies: ["Model", "FileSystem", "JSONText", crypto, system],
            swiftSettings: strict),
        .target(
            name: "Ledger", dependencies: ["Model", "FileSystem", "CSQLite", crypto, grdb, system],
            swiftSettings: strict),

        // The whole, put together. (`Configuration` alone is the name of a package that Hummingbird brings.)
        .target(
            name: "SluiceConfiguration",
            dependencies: ["Yams", system, subprocess], path: "Sources/Configuration",
            swiftSettings: strict),
        .target(
            name: "Service",
            dependencies: [
                "Model", "FileSystem", "Inbox", "Documents", "Delivery", "Filing", "Ledger", "SluiceConfiguration",
                "JSONText", "JSONSchema", crypto, http, lifecycle, logging, nio, nioHTTP, system,
            ], swiftSettings: strict),
        .target(
            name: "Admin",
            dependencies: [
                "Service", "Delivery", "FileSystem", "JSONText", "Ledger", "Model", "SluiceConfiguration", hummingbird,
                hummingbirdCore, lifecycle, logging, nio, nioPosix, crypto, mustache, system,
            ],
            resources: [.embedInCode("Resources")], swiftSettings: strict),
        .target(
            name: "Sandbox",
            dependencies: [
                hummingbird, hummingbirdHTTP2, lifecycle, logging, crypto, asn1, nio, nioHTTP, nioPosix, nioSSL, x509,
            ], swiftSettings: strict),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Admin", "Service", "Delivery", "FileSystem", "Inbox", "Ledger", "Model", "Sandbox",
                "SluiceConfiguration",
                "CSystemd", logging, system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], path: "Sources/Command", swiftSettings: strict,
            linkerSettings: isStandalone ? [.unsafeFlags(staticRuntime)] : nil),

        // What scripts/bench measures with.
        .executableTarget(
            name: "DocumentBenchmark", dependencies: ["Documents", "Model", "JSONText", "JSONSchema", crypto],
            path: "Benchmarks/Documents", swiftSettings: strict),
        .executableTarget(
            name: "InboxBenchmark", dependencies: ["Inbox", "FileSystem", "Model", system],
            path: "Benchmarks/Inbox", swiftSettings: strict),

        // Tests: one suite a target, and what they share.
        .target(
            name: "TestSupport", dependencies: ["Model", "FileSystem", system], path: "Tests/TestSupport",
            swiftSettings: strict),
        .testTarget(name: "DocumentationTests", dependencies: ["Model", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "ModelTests", dependencies: ["Model", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "FileSystemTests", dependencies: ["FileSystem", "Model", "TestSupport", crypto, system],
            swiftSettings: strict),
        .testTarget(
            name: "InboxTests", dependencies: ["Inbox", "FileSystem", "Model", "TestSupport", system],
            swiftSettings: strict),
        .testTarget(
            name: "FilingTests",
            dependencies: ["Filing", "Inbox", "FileSystem", "Model", "TestSupport", crypto, system],
            swiftSettings: strict),
        .testTarget(
            name: "LedgerTests",
            dependencies: ["Ledger", "CSQLite", "FileSystem", "Model", "TestSupport", grdb, system],
            swiftSettings: strict),
        .testTarget(
            name: "DocumentsTests",
            dependencies: ["Documents", "Model", "JSONText", "JSONSchema", "TestSupport", crypto],
            swiftSettings: strict),
        .testTarget(
            name: "DeliveryTests",
            dependencies: [
                "Delivery", "FileSystem", "Model", "TestSupport", crypto, http, nio, nioHTTP, nioPosix, system,
            ], swiftSettings: strict),
        .testTarget(name: "JSONTextTests", dependencies: ["JSONText", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "JSONSchemaTests", dependencies: ["JSONText", "JSONSchema", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["SluiceConfiguration", "Yams", system],
            swiftSettings: strict),
        .testTarget(
            name: "SandboxTests", dependencies: ["Sandbox", http, nio, nioHTTP, crypto, lifecycle, logging],
            swiftSettings: strict),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "Service", "Delivery", "Filing", "Inbox", "Ledger", "Sandbox", "SluiceConfiguration", "TestSupport",
                "JSONText", "JSONSchema", crypto, grdb, system,
            ], swiftSettings: strict),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "sluice", "CSQLite", "Delivery", "FileSystem", "Model", "Sandbox", "Service", "TestSupport", crypto,
                http,
                nio, nioHTTP, subprocess, system,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AdminTests",
            dependencies: [
                "Admin", "Delivery", "FileSystem", "Ledger", "Service", "Sandbox", "SluiceConfiguration", "Model",
                "JSONText", "TestSupport", http, nio, nioHTTP, lifecycle, logging, subprocess, system,
            ], swiftSettings: strict),
        .testTarget(
            name: "ReceivingTests",
            dependencies: ["sluice", "Sandbox", "FileSystem", "Model", "JSONText", "TestSupport", subprocess, system],
            swiftSettings: strict),
    ]
)

// For scripts/fuzz and scripts/sanitize: only these targets of ours, so that what they do not need is not built.
if let only = Context.environment["SLUICE_ONLY"]?.split(separator: " ").map(String.init) {
    package.targets.removeAll { $0.type != .system && !only.contains($0.name) }
    package.products.removeAll { product in !only.contains(product.name) }
}

// For scripts/sanitize: a sanitizer's instruments in what is ours. The packages have none, and are not built once more.
if let sanitizer = Context.environment["SLUICE_SANITIZER"] {
    for target in package.targets where target.type != .system {
        // Optimised: the thread sanitizer does not see into a mutex that stays a function of Swift's own library.
        target.swiftSettings?.append(.unsafeFlags(["-sanitize=\(sanitizer)", "-O", "-gline-tables-only"]))
        target.linkerSettings = [.unsafeFlags(["-sanitize=\(sanitizer)"])]
    }
}
