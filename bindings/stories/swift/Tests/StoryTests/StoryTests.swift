import Foundation
import Phones
import XCTest

/// Counts what it is told; the first time it throws what no observer should.
final class Told: StoreObserver, @unchecked Sendable {
    struct Odd: Error {}
    private let client: Client
    private let throwsOnce: Bool
    private let heard = NSCondition()
    private var counted = 0
    private var shown: UInt64 = 0

    init(_ client: Client, throwsOnce: Bool) {
        self.client = client
        self.throwsOnce = throwsOnce
    }

    var times: Int { heard.withLock { counted } }
    var workers: UInt64 { heard.withLock { shown } }

    func changed(what: Changed) throws {
        let time = heard.withLock { () -> Int in
            counted += 1
            heard.broadcast()
            return counted
        }
        if throwsOnce && time == 1 { throw Odd() }
        // under no lock of the core, so it may ask back
        let workers = try? client.counts().workers
        heard.withLock { shown = workers ?? 0 }
    }

    func wait(for wanted: Int) -> Bool {
        let end = Date().addingTimeInterval(20)
        heard.lock()
        defer { heard.unlock() }
        while counted < wanted {
            if !heard.wait(until: end) { return false }
        }
        return true
    }
}

/// The steps build on each other: XCTest runs them by name.
final class StoryTests: XCTestCase {
    nonisolated(unsafe) static var darmo: Client!
    nonisolated(unsafe) static var warti: Client!
    var darmo: Client { Self.darmo }
    var warti: Client { Self.warti }

    override class func setUp() {
        darmo = try! phone("darmo")
        warti = try! phone("warti")
    }

    func test1Join() throws {
        XCTAssertNil(try darmo.membership())
        XCTAssertThrowsError(try darmo.join(invite: "https://example.org/not-an-invite", via: nil)) {
            guard case CoreError.NotUnderstood = $0 else { return XCTFail("\($0)") }
        }
        for (client, invite) in [(darmo, "PAYUNG_INVITE_DARMO"), (warti, "PAYUNG_INVITE_WARTI")] {
            try client.join(invite: environment(invite), via: nil)
            // the same link again changes nothing: a lost answer burns nothing
            try client.join(invite: environment(invite), via: nil)
        }
        XCTAssertEqual(try darmo.membership()!.area, "33.02.24.1001.003.001")
        XCTAssertNotEqual(try darmo.membership()!.official, try warti.membership()!.official)
    }

    func test2Register() throws {
        let told = Told(darmo, throwsOnce: true)
        let watching = darmo.observe(observer: told)
        XCTAssertTrue(told.wait(for: 1), "the first value comes at once")
        let form = try darmo.openForm(record: nil)
        let wrong = person(9001, "Rasikun Karangan").merging(
            ["nik": text("3302241505"), "income": text("banyak")], uniquingKeysWith: { $1 })
        try darmo.typeFields(form: form.id, fields: wrong)
        XCTAssertThrowsError(try darmo.register(form: form.id, area: nil)) {
            guard case CoreError.Invalid(let fields) = $0 else { return XCTFail("\($0)") }
            XCTAssertEqual(Set(fields.map(\.field)), ["nik", "income"])
        }
        XCTAssertEqual(try darmo.forms().map(\.id), [form.id])
        try darmo.typeFields(form: form.id, fields: person(9001, "Rasikun Karangan"))
        XCTAssertTrue(try darmo.checkForm(form: form.id, area: nil).isEmpty)
        let check = try darmo.checkNik(typed: "3302241505909001", form: form.id)
        XCTAssertEqual(check.birth, "1990-05-15")
        XCTAssertEqual(check.region?.district, "Purwokerto Selatan")
        let quote = try darmo.quote(form: form.id, area: nil)
        let registered = try darmo.register(form: form.id, area: nil)
        XCTAssertEqual(quote.total, registered.quote.total)
        let row = try everybody(darmo)[0]
        XCTAssertEqual(row.name, "RASIKUN KARANGAN")
        XCTAssertTrue(row.waiting)
        let before = told.times
        try darmo.typeField(form: darmo.openForm(record: nil).id, name: "name", value: text("x"))
        XCTAssertTrue(told.wait(for: before + 1))
        XCTAssertEqual(told.workers, 1)
        watching.end()
        XCTAssertTrue(darmo.supportBundle().contains("\"observers_failed\": 1"))
        for draft in try darmo.forms() { try darmo.discardForm(form: draft.id) }
    }

    func test3KillAndReopen() throws {
        try darmo.lock()
        let child = Process()
        // beside the test's own program
        child.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("Child")
        child.arguments = ["darmo", "9002"]
        let out = Pipe()
        child.standardOutput = out
        try child.run()
        XCTAssertEqual(out.fileHandleForReading.availableData, Data("saved\n".utf8))
        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        XCTAssertThrowsError(try darmo.counts()) {
            guard case CoreError.Locked = $0 else { return XCTFail("\($0)") }
        }
        _ = try darmo.unlock(typed: pins["darmo"]!)
        XCTAssertEqual(try everybody(darmo).map(\.name), ["KUSWANTO TERBUNUH", "RASIKUN KARANGAN"])
        let half = try darmo.forms()[0]
        XCTAssertEqual(half.fields["name"], text("Setengah Jadi"))
        try darmo.discardForm(form: half.id)
    }

    func test4Sync() throws {
        let report = try darmo.sync(asked: true, via: nil)
        XCTAssertEqual(report.uploaded, 6)
        XCTAssertEqual(report.refused, 0)
        XCTAssertFalse(try everybody(darmo).contains(where: \.waiting))
        _ = try warti.sync(asked: true, via: nil)
        XCTAssertEqual(try everybody(warti).count, 2)
        XCTAssertEqual(try warti.worker(id: everybody(warti)[0].id).summary.nik, "3302********9002")
        XCTAssertNotNil(try darmo.lastSuccessMs())
    }

    func test5Conflict() throws {
        let worker = try everybody(darmo).first { $0.name.hasPrefix("RASIKUN") }!.id
        for (client, name) in [(darmo, "Rasikun Darmo"), (warti, "Rasikun Warti")] {
            let form = try client.openForm(record: worker)
            try client.typeField(form: form.id, name: "name", value: text(name))
            XCTAssertEqual(try client.saveForm(form: form.id), .op)
        }
        _ = try darmo.sync(asked: true, via: nil)
        _ = try warti.sync(asked: true, via: nil)
        _ = try darmo.sync(asked: true, via: nil)
        for client in [darmo, warti] {
            let conflict = try client.conflicts()[0]
            XCTAssertEqual(conflict.field, "name")
            XCTAssertEqual(
                Set(conflict.conflict.candidates.map { "\($0.value)" }),
                Set([text("RASIKUN DARMO"), text("RASIKUN WARTI")].map { "\($0)" }))
        }
    }

    func test6Resolve() throws {
        let open = try warti.conflicts()[0]
        try warti.resolve(
            decision: Decision(
                record: open.record, field: open.field, value: text("Rasikun Warti"),
                seen: open.conflict.candidates.map(\.op), base: open.base, document: "ktp"))
        _ = try warti.sync(asked: true, via: nil)
        _ = try darmo.sync(asked: true, via: nil)
        for client in [darmo, warti] {
            XCTAssertTrue(try client.conflicts().isEmpty)
            XCTAssertEqual(try client.worker(id: open.record).summary.name, "RASIKUN WARTI")
        }
        XCTAssertTrue(try warti.history(record: open.record).contains { $0.decided == ["name"] })
    }

    func test7SealedOutbox() throws {
        let form = try darmo.openForm(record: nil)
        try darmo.typeFields(form: form.id, fields: person(9003, "Tohirin Tersegel"))
        _ = try darmo.register(form: form.id, area: nil)
        XCTAssertEqual(try darmo.outboxFiles().count, 1)
        try darmo.lock()
        let carried = try darmo.carryOutbox(via: nil)
        XCTAssertEqual(carried.answered, 1)
        XCTAssertEqual(carried.waiting, 0)
        // nothing is sent twice
        XCTAssertEqual(try darmo.carryOutbox(via: nil).answered, 0)
        _ = try darmo.unlock(typed: pins["darmo"]!)
        XCTAssertEqual(try darmo.waiting().sent + darmo.waiting().new, 0)
        XCTAssertTrue(try darmo.outboxFiles().isEmpty)
        let report = try darmo.sync(asked: true, via: nil)
        XCTAssertEqual(report.sent, 0)
        _ = try warti.sync(asked: true, via: nil)
        XCTAssertEqual(try everybody(warti).count, 3)
    }

    func test7bPhoto() throws {
        let capture = try Data(contentsOf: URL(fileURLWithPath: environment("PAYUNG_PHOTO")))
        let worker = try everybody(darmo).first { $0.name.hasPrefix("RASIKUN") }!.id
        let photo = NewPhoto(of: worker, what: "photo", witness: nil, note: nil, priority: 0, wifiOnly: true)
        XCTAssertThrowsError(try darmo.attach(photo: photo, capture: Data("BUKAN FOTO".utf8))) {
            guard case CoreError.PictureRefused(.notAPicture) = $0 else { return XCTFail("\($0)") }
        }
        XCTAssertThrowsError(try darmo.attach(photo: photo, capture: capture.dropLast(1000))) {
            guard case CoreError.PictureRefused(.cut) = $0 else { return XCTFail("\($0)") }
        }
        XCTAssertThrowsError(try darmo.attach(photo: photo, capture: capture + Data(count: 24 << 20))) {
            guard case CoreError.PictureRefused(.tooLarge) = $0 else { return XCTFail("\($0)") }
        }
        XCTAssertTrue(try darmo.photos(of: worker).isEmpty)
        XCTAssertEqual(try darmo.waiting().new, 0)
        let taken = try darmo.attach(photo: photo, capture: capture)
        // it waits for wifi, and its record does not wait for it
        XCTAssertEqual(try darmo.sendPhotos(wifi: false, asked: true, via: nil).sent, 0)
        XCTAssertEqual(try darmo.sync(asked: true, via: nil).uploaded, 1)
        // cut in the second chunk, locked and opened again: the first is not sent again
        XCTAssertThrowsError(try darmo.sendPhotos(wifi: true, asked: true, via: environment("PAYUNG_CUT_ROAD"))) {
            guard case CoreError.NotConnected = $0 else { return XCTFail("\($0)") }
        }
        try darmo.lock()
        XCTAssertThrowsError(try darmo.photo(id: taken)) {
            guard case CoreError.Locked = $0 else { return XCTFail("\($0)") }
        }
        _ = try darmo.unlock(typed: pins["darmo"]!)
        let cut = try darmo.photos(of: worker)[0]
        XCTAssertEqual(cut.file, .waiting)
        XCTAssertEqual(cut.sent, 64 << 10)
        let report = try darmo.sendPhotos(wifi: true, asked: true, via: nil)
        XCTAssertEqual(report.files, 1)
        XCTAssertEqual(report.sent, cut.size - cut.sent)
        XCTAssertEqual(try darmo.photos(of: worker)[0].file, .sent)
        XCTAssertLessThanOrEqual(try darmo.photo(id: taken)!.count, 80_000)
        let next = try darmo.attach(photo: photo, capture: capture)
        try darmo.giveUpPhoto(id: next)
        XCTAssertNil(try darmo.photo(id: next))
        XCTAssertThrowsError(try darmo.giveUpPhoto(id: taken)) {
            guard case CoreError.NotFound = $0 else { return XCTFail("\($0)") }
        }
        XCTAssertEqual(try darmo.photoRoom().files.kept, 1)
        _ = try darmo.sync(asked: true, via: nil)
    }

    func test7cReports() throws {
        let worker = try everybody(darmo).first { $0.name.hasPrefix("RASIKUN") }!.id
        XCTAssertThrowsError(try darmo.addReport(kind: "worker", fields: [:])) {
            guard case CoreError.NotFound = $0 else { return XCTFail("\($0)") }
        }
        var fields: [String: FieldValue] = ["worker": text(worker), "place": text("Kebun kelapa")]
        XCTAssertThrowsError(try darmo.addReport(kind: "accident_report", fields: fields)) {
            guard case CoreError.Invalid(let wrong) = $0 else { return XCTFail("\($0)") }
            XCTAssertEqual(Set(wrong.map(\.field)), ["happened", "what"])
        }
        let happened = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 60 * 3600).rounded(.down))
        fields["happened"] = text(ISO8601DateFormatter().string(from: happened))
        fields["what"] = text("Jatuh dari pohon")
        let late = try darmo.addReport(kind: "accident_report", fields: fields)
        let question: [String: FieldValue] = ["topic": text("question"), "text": text("Kapan kartunya jadi?")]
        let asked = try darmo.addReport(kind: "feedback", fields: question)
        XCTAssertEqual(try darmo.reports(worker: nil, open: true, after: nil, limit: 50).map(\.record.id), [asked, late])
        let accident = try darmo.reports(worker: worker, open: true, after: nil, limit: 50)[0]
        XCTAssertEqual(accident.standing.phase, .waiting)
        XCTAssertTrue(accident.standing.late)
        XCTAssertEqual(accident.standing.due, Int64(happened.timeIntervalSince1970 + 48 * 3600) * 1000)
        let note: [String: FieldValue] = ["of": text(late), "what": text("note"), "text": text("Sudah ditelepon.")]
        _ = try darmo.addFollowUp(fields: note)
        XCTAssertEqual(try darmo.sync(asked: true, via: nil).refused, 0)
        _ = try warti.sync(asked: true, via: nil)
        let told = try warti.reports(worker: nil, open: true, after: nil, limit: 50)
        XCTAssertEqual(told.first { $0.record.id == asked }!.standing.phase, .sent)
        XCTAssertEqual(told.first { $0.record.id == late }!.followUps.count, 1)
        XCTAssertFalse(try warti.sawAnswer(report: asked))
    }

    func test8OpensAndClosesLeakNothing() throws {
        func handles() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        func openAndClose() throws {
            let client = try phone("warti")
            let watching = client.observe(observer: Told(client, throwsOnce: false))
            _ = try client.counts()
            client.suspend()
            try client.resume()
            try client.lock()
            watching.end()
        }
        try warti.lock()
        for _ in 0..<20 { try openAndClose() }
        let before = try handles()
        for _ in 0..<100 { try openAndClose() }
        // a connection of an earlier test may close meanwhile, Foundation opens a few; a hundred leaked would be many more
        XCTAssertLessThanOrEqual(try handles(), before + 8)
        _ = try warti.unlock(typed: pins["warti"]!)
    }

    func test9WrongPin() throws {
        try warti.lock()
        XCTAssertThrowsError(try warti.unlock(typed: "104823")) {
            guard case CoreError.WrongPin(14, 0) = $0 else { return XCTFail("\($0)") }
        }
        for typed in ["1234", "123456"] {
            XCTAssertThrowsError(try warti.changePin(old: pins["warti"]!, new: typed)) {
                guard case CoreError.Invalid = $0 else { return XCTFail("\($0)") }
            }
        }
        XCTAssertThrowsError(try warti.unlockByBiometric()) {
            guard case CoreError.PinNeeded = $0 else { return XCTFail("\($0)") }
        }
        try warti.enableBiometric(typed: pins["warti"]!)
        _ = try warti.unlockByBiometric()
        XCTAssertEqual(try everybody(warti).count, 3)
        XCTAssertEqual(try warti.pinStatus().triesLeft, 15)
        XCTAssertGreaterThan(try warti.leaseDays()!, 25)
        // a vault that throws what no vault should is contained, and nothing is made
        let odd = try lockedPhone("odd", vault: OddVault())
        XCTAssertThrowsError(try odd.setPin(typed: "482917")) {
            guard case CoreError.Vault(.Failed) = $0 else { return XCTFail("\($0)") }
        }
        XCTAssertEqual(odd.lockState(), .fresh)
    }
}

/// Throws what no vault should.
final class OddVault: KeyVault, @unchecked Sendable {
    struct Odd: Error {}
    func wrap(purpose: Purpose, plain: Data) throws -> Data { throw Odd() }
    func unwrap(purpose: Purpose, wrapped: Data) throws -> Data { throw Odd() }
    func forget(purpose: Purpose) throws { throw Odd() }
    func sign(message: Data) throws -> HardwareSignature? { nil }
}
