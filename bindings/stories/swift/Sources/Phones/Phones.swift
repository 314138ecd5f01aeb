import Foundation
@_exported import PayungCore

/// What the story is told where things are; the variables of ../README.md.
public func environment(_ name: String) -> String {
    guard let value = ProcessInfo.processInfo.environment[name] else {
        fatalError("\(name) is not set: run ./dev test bindings")
    }
    return value
}

public let pins = ["darmo": "482917", "warti": "730528"]

public func text(_ value: String) -> FieldValue { .text(text: value) }

/// What an official types of an invented person.
public func person(_ serial: Int, _ name: String) -> [String: FieldValue] {
    let heir = FieldValue.parts(parts: ["name": text("TURAH KARANGAN"), "relation": text("child")])
    return [
        "nik": text("330224150590\(serial)"),
        "name": text(name),
        "birth.date": text("1990-05-15"),
        "birth.place": text("BANYUMAS"),
        "birth.sex": text("male"),
        "mother_name": text("SUPARTI KARANGAN"),
        "home.line": text("Gang Melati 9"),
        "phone": text("081200009001"),
        "occupations.first": text("penderes"),
        "income": text("1.500.000"),
        "cover.months": .whole(number: 3),
        "heirs": .items(items: [heir]),
        "declaration.independent": .flag(yes: true),
        "declaration.healthy": .flag(yes: true),
        "consent.text_version": text("2026-1"),
        "consent.language": text("id"),
        "consent.read_by": text("official"),
    ]
}

public func lockedPhone(_ name: String, vault: KeyVault? = nil) throws -> Client {
    let folder = environment("PAYUNG_STORY_FOLDER") + "/" + name
    let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    let config = ClientConfig(folder: folder, appVersion: "1.0.0", boot: boot)
    return try Client(config: config, vault: vault ?? softwareVault(file: folder + ".vault"))
}

public func phone(_ name: String) throws -> Client {
    let client = try lockedPhone(name)
    if client.lockState() == .fresh {
        try client.setPin(typed: pins[name]!)
    } else {
        _ = try client.unlock(typed: pins[name]!)
    }
    return client
}

public func everybody(_ client: Client) throws -> [WorkerSummary] {
    try client.search(typed: "", after: nil, limit: 50).rows
}
