// swift-tools-version: 6.0
// The story in Swift: ../README.md. `./dev test bindings` copies the generated code in and hands over the folders.
import Foundation
import PackageDescription

let library = ProcessInfo.processInfo.environment["PAYUNG_LIBRARY_FOLDER"] ?? "."
// the library is not installed: it is found where it was built
let linked: [LinkerSetting] = [
    .linkedLibrary("payung_core"),
    .unsafeFlags(["-L\(library)", "-Xlinker", "-rpath", "-Xlinker", library]),
]

let package = Package(
    name: "Story",
    targets: [
        .systemLibrary(name: "PayungCoreFFI"),
        // UniFFI's code is written for Swift 5's rules of concurrency
        .target(
            name: "PayungCore", dependencies: ["PayungCoreFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)], linkerSettings: linked),
        .target(name: "Phones", dependencies: ["PayungCore"]),
        .executableTarget(name: "Child", dependencies: ["Phones"]),
        .testTarget(name: "StoryTests", dependencies: ["Phones", "Child"]),
    ]
)
