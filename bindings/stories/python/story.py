"""The story in Python, on the generated module: see ../README.md.

The last line is `N passed, M failed`.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import zlib
from pathlib import Path

BINDINGS = Path(os.environ["PAYUNG_BINDINGS_FOLDER"])
sys.path.insert(0, str(BINDINGS))

import payung_core as core  # noqa: E402

FOLDER = Path(os.environ["PAYUNG_STORY_FOLDER"])
PINS = {"darmo": "482917", "warti": "730528"}
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text()


def text(value):
    return core.FieldValue.TEXT(value)


def whole(value):
    return core.FieldValue.WHOLE(value)


def yes():
    return core.FieldValue.FLAG(True)


def person(serial, name):
    """What an official types of an invented person."""
    heir = core.FieldValue.PARTS({"name": text("TURAH KARANGAN"), "relation": text("child")})
    return {
        "nik": text(f"330224150590{serial}"),
        "name": text(name),
        "birth.date": text("1990-05-15"),
        "birth.place": text("BANYUMAS"),
        "birth.sex": text("male"),
        "mother_name": text("SUPARTI KARANGAN"),
        "home.line": text("Gang Melati 9"),
        "phone": text("081200009001"),
        "occupations.first": text("penderes_kelapa"),
        "income": text("1.500.000"),
        "cover.months": whole(3),
        "heirs": core.FieldValue.ITEMS([heir]),
        "declaration.independent": yes(),
        "declaration.healthy": yes(),
        "consent.text_version": text("2026-1"),
        "consent.language": text("id"),
        "consent.read_by": text("official"),
    }


def locked_phone(name, vault=None):
    config = core.ClientConfig(folder=str(FOLDER / name), app_version="1.0.0", boot=BOOT)
    return core.Client(config, vault or core.software_vault(str(FOLDER / f"{name}.vault")))


def phone(name):
    client = locked_phone(name)
    if client.lock_state() == core.LockState.FRESH:
        client.set_pin(PINS[name])
    else:
        client.unlock(PINS[name])
    return client


def everybody(client):
    return client.search("", None, 50).rows


def office(*words):
    """One act of the operator; what it prints as JSON."""
    admin = [os.environ["PAYUNG_PROGRAM"], "admin", "--json", "--data", os.environ["PAYUNG_DATA_FOLDER"]]
    said = subprocess.run([*admin, "--as", "Sri Handayani", *words], capture_output=True, check=True)
    return json.loads(said.stdout)


def paid_until(month):
    """The branch numbers and has the money of everybody who is in order, from today until the end of a month."""
    office("verify", "--all", "--area", "33.02.24.1001")
    file = FOLDER / "cabang.csv"
    exported = office("export", "--out", str(FOLDER / "ekspor.csv"))["enrollments"]
    head = "REFERENSI;JAWABAN;KPJ;KODE IURAN;JUMLAH;BERLAKU SAMPAI;TERLINDUNGI MULAI;TERLINDUNGI SAMPAI\n"
    numbered = [f"{one};BERNOMOR;{99_000_000_000 + n};88000000000{n};50400;31-12-2199;;" for n, one in enumerate(exported)]
    today = time.strftime("%d-%m-%Y")
    for lines in (numbered, [f"{one};LUNAS;;;;;{today};{month}" for one in exported]):
        file.write_text(head + "\n".join(lines) + "\n")
        office("import", str(file))


def child_registers(name, serial):
    """Run in a process of its own, and killed: registers one person, then types half of another."""
    client = phone(name)
    form = client.open_form(None)
    client.type_fields(form.id, person(serial, "Kuswanto Terbunuh"))
    client.register(form.id, None)
    half = client.open_form(None)
    client.type_field(half.id, "name", text("Setengah Jadi"))
    print("saved", flush=True)
    signal.pause()


def bomb():
    """A PNG of a few bytes that says it has 3.6 thousand million pixels."""

    def chunk(name, content):
        return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)

    head = (60_000).to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")


class Told(core.StoreObserver):
    """Counts what it is told; the first time it throws what no observer should."""

    def __init__(self, client, throws=False):
        self.client, self.throws = client, throws
        self.times, self.workers, self.heard = 0, 0, threading.Condition()

    def changed(self, what):
        with self.heard:
            self.times += 1
            self.heard.notify_all()
        if self.throws and self.times == 1:
            raise RuntimeError("not an error of ours")
        # under no lock of the core, so it may ask back
        self.workers = self.client.counts().workers

    def wait_for(self, times):
        with self.heard:
            return self.heard.wait_for(lambda: self.times >= times, timeout=20)


class OddVault(core.KeyVault):
    """Throws what no vault should."""

    def wrap(self, purpose, plain):
        raise RuntimeError("not an error of ours")

    def unwrap(self, purpose, wrapped):
        raise RuntimeError("not an error of ours")

    def forget(self, purpose):
        raise RuntimeError("not an error of ours")

    def sign(self, message):
        return None


class Story(unittest.TestCase):
    """The steps build on each other: unittest runs them by name."""

    @classmethod
    def setUpClass(cls):
        cls.darmo, cls.warti = phone("darmo"), phone("warti")

    def test_1_join(self):
        self.assertIsNone(self.darmo.membership())
        with self.assertRaises(core.CoreError.NotUnderstood):
            self.darmo.join("https://example.org/not-an-invite", None)
        for client, invite in ((self.darmo, "PAYUNG_INVITE_DARMO"), (self.warti, "PAYUNG_INVITE_WARTI")):
            client.join(os.environ[invite], None)
            # the same link again changes nothing: a lost answer burns nothing
            client.join(os.environ[invite], None)
        darmo, warti = self.darmo.membership(), self.warti.membership()
        self.assertEqual("33.02.24.1001.003.001", darmo.area)
        self.assertNotEqual(darmo.official, warti.official)

    def test_2_register(self):
        told = Told(self.darmo, throws=True)
        watching = self.darmo.observe(told)
        self.assertTrue(told.wait_for(1), "the first value comes at once")
        form = self.darmo.open_form(None)
        wrong = person(9001, "Rasikun Karangan") | {"nik": text("3302241505"), "income": text("banyak")}
        self.darmo.type_fields(form.id, wrong)
        with self.assertRaises(core.CoreError.Invalid) as refused:
            self.darmo.register(form.id, None)
        self.assertEqual({"nik", "income"}, {error.field for error in refused.exception.fields})
        self.assertEqual([form.id], [draft.id for draft in self.darmo.forms()])
        self.darmo.type_fields(form.id, person(9001, "Rasikun Karangan"))
        self.assertEqual([], self.darmo.check_form(form.id, None))
        check = self.darmo.check_nik("3302241505909001", form.id)
        self.assertEqual(("1990-05-15", "Purwokerto Selatan"), (check.birth, check.region.district))
        quote = self.darmo.quote(form.id, None)
        registered = self.darmo.register(form.id, None)
        self.assertEqual(quote.total, registered.quote.total)
        row = everybody(self.darmo)[0]
        self.assertEqual(("RASIKUN KARANGAN", True), (row.name, row.waiting))
        before = told.times
        self.darmo.type_field(self.darmo.open_form(None).id, "name", text("x"))
        self.assertTrue(told.wait_for(before + 1))
        self.assertEqual(1, told.workers)
        watching.end()
        self.assertIn('"observers_failed": 1', self.darmo.support_bundle())
        for draft in self.darmo.forms():
            self.darmo.discard_form(draft.id)

    def test_3_kill_and_reopen(self):
        self.darmo.lock()
        child = subprocess.Popen([sys.executable, __file__, "child", "darmo", "9002"], stdout=subprocess.PIPE)
        self.assertEqual(b"saved\n", child.stdout.readline())
        child.kill()
        child.wait()
        child.stdout.close()
        with self.assertRaises(core.CoreError.Locked):
            self.darmo.counts()
        self.darmo.unlock(PINS["darmo"])
        self.assertEqual(["KUSWANTO TERBUNUH", "RASIKUN KARANGAN"], [row.name for row in everybody(self.darmo)])
        half = self.darmo.forms()[0]
        self.assertEqual("Setengah Jadi", half.fields["name"].text)
        self.darmo.discard_form(half.id)

    def test_4_sync(self):
        report = self.darmo.sync(True, None)
        self.assertEqual((6, 0), (report.uploaded, report.refused))
        self.assertFalse(any(row.waiting for row in everybody(self.darmo)))
        self.warti.sync(True, None)
        self.assertEqual(2, len(everybody(self.warti)))
        nik = self.warti.worker(everybody(self.warti)[0].id).summary.nik
        self.assertEqual("3302********9002", nik)
        self.assertIsNotNone(self.darmo.last_success_ms())

    def test_5_conflict(self):
        worker = next(row.id for row in everybody(self.darmo) if row.name.startswith("RASIKUN"))
        for client, name in ((self.darmo, "Rasikun Darmo"), (self.warti, "Rasikun Warti")):
            form = client.open_form(worker)
            client.type_field(form.id, "name", text(name))
            self.assertEqual(core.Saved.OP, client.save_form(form.id))
        self.darmo.sync(True, None)
        self.warti.sync(True, None)
        self.darmo.sync(True, None)
        for client in (self.darmo, self.warti):
            (conflict,) = client.conflicts()
            self.assertEqual("name", conflict.field)
            values = {candidate.value.text for candidate in conflict.conflict.candidates}
            self.assertEqual({"RASIKUN DARMO", "RASIKUN WARTI"}, values)

    def test_6_resolve(self):
        (conflict,) = self.warti.conflicts()
        decision = core.Decision(
            record=conflict.record,
            field=conflict.field,
            value=text("Rasikun Warti"),
            seen=[candidate.op for candidate in conflict.conflict.candidates],
            base=conflict.base,
            document="ktp",
        )
        self.warti.resolve(decision)
        self.warti.sync(True, None)
        self.darmo.sync(True, None)
        for client in (self.darmo, self.warti):
            self.assertEqual([], client.conflicts())
            self.assertEqual("RASIKUN WARTI", client.worker(conflict.record).summary.name)
        self.assertTrue(any(entry.decided == ["name"] for entry in self.warti.history(conflict.record)))

    def test_7_sealed_outbox(self):
        form = self.darmo.open_form(None)
        self.darmo.type_fields(form.id, person(9003, "Tohirin Tersegel"))
        self.darmo.register(form.id, None)
        self.assertEqual(1, len(self.darmo.outbox_files()))
        self.darmo.lock()
        carried = self.darmo.carry_outbox(None)
        self.assertEqual((1, 0), (carried.answered, carried.waiting))
        # nothing is sent twice
        self.assertEqual(0, self.darmo.carry_outbox(None).answered)
        self.darmo.unlock(PINS["darmo"])
        self.assertEqual(0, self.darmo.waiting().sent + self.darmo.waiting().new)
        self.assertEqual([], self.darmo.outbox_files())
        report = self.darmo.sync(True, None)
        self.assertEqual((0, 0), (report.sent, report.uploaded))
        self.warti.sync(True, None)
        self.assertEqual(3, len(everybody(self.warti)))

    def test_7b_photo(self):
        capture = Path(os.environ["PAYUNG_PHOTO"]).read_bytes()
        worker = next(row.id for row in everybody(self.darmo) if row.name.startswith("RASIKUN"))
        photo = core.NewPhoto(of=worker, what="photo", witness=None, note=None, priority=0, wifi_only=True)
        why = core.PictureError
        for refused, wanted in (
            (b"BUKAN FOTO", why.NOT_A_PICTURE),
            (capture[:-1000], why.CUT),
            (capture + bytes(24 << 20), why.TOO_LARGE),
            (bomb(), why.TOO_MANY_PIXELS),
        ):
            with self.assertRaises(core.CoreError.PictureRefused) as error:
                self.darmo.attach(photo, refused)
            self.assertIsInstance(error.exception.why, wanted)
        self.assertEqual([], self.darmo.photos(worker))
        self.assertEqual(0, self.darmo.waiting().new)
        taken = self.darmo.attach(photo, capture)
        (waiting,) = self.darmo.photos(worker)
        self.assertEqual((taken, core.FileState.WAITING, 0), (waiting.id, waiting.file, waiting.sent))
        # it waits for wifi, and its record does not wait for it
        self.assertEqual(0, self.darmo.send_photos(False, True, None).sent)
        self.assertEqual(1, self.darmo.sync(True, None).uploaded)
        # cut in the second chunk, locked and opened again: the first is not sent again
        with self.assertRaises(core.CoreError.NotConnected):
            self.darmo.send_photos(True, True, os.environ["PAYUNG_CUT_ROAD"])
        self.darmo.lock()
        with self.assertRaises(core.CoreError.Locked):
            self.darmo.photo(taken)
        self.darmo.unlock(PINS["darmo"])
        (cut,) = self.darmo.photos(worker)
        self.assertEqual((core.FileState.WAITING, 64 << 10), (cut.file, cut.sent))
        report = self.darmo.send_photos(True, True, None)
        self.assertEqual((1, cut.size - cut.sent), (report.files, report.sent))
        self.assertEqual(core.FileState.SENT, self.darmo.photos(worker)[0].file)
        # there, whole, as ciphertext
        data = Path(os.environ["PAYUNG_DATA_FOLDER"])
        (sealed,) = (FOLDER / "darmo" / "media").iterdir()
        (there,) = (path for path in (data / "media" / "objects").rglob("*") if path.is_file())
        self.assertEqual(sealed.read_bytes(), there.read_bytes())
        sweep = [os.environ["PAYUNG_PROGRAM"], "admin", "--data", data, "--as", "Sri Handayani", "media", "sweep"]
        self.assertIn(b"Kept: 1", subprocess.run(sweep, capture_output=True, check=True).stdout)
        # shown small, without a word of the camera, and nowhere on the phone in clear
        shown = self.darmo.photo(taken)
        self.assertTrue(shown.startswith(b"\xff\xd8") and len(shown) <= 80_000)
        self.assertIn(b"GPS-OF-THE-HOUSE", capture)
        self.assertNotIn(b"GPS-OF-THE-HOUSE", shown)
        self.darmo.lock()
        files = [path.read_bytes() for path in (FOLDER / "darmo").rglob("*") if path.is_file()]
        self.assertFalse(any(shown[2000:2032] in clear or capture[2000:2032] in clear for clear in files))
        self.darmo.unlock(PINS["darmo"])
        # one that waits can be given up, one that was sent cannot
        stroke = [core.Point(x=20, y=20), core.Point(x=180, y=60)]
        drawn = core.Drawing(width=200, height=80, strokes=[stroke])
        photo.what = "signature"
        signed = self.darmo.attach_drawing(photo, drawn)
        self.assertTrue(self.darmo.photo(signed).startswith(b"\x89PNG"))
        self.assertEqual(1, self.darmo.photo_room().files.waiting_for_wifi)
        self.darmo.give_up_photo(signed)
        self.assertIsNone(self.darmo.photo(signed))
        with self.assertRaises(core.CoreError.NotFound):
            self.darmo.give_up_photo(taken)
        room = self.darmo.photo_room()
        self.assertEqual((0, 1, cut.size), (room.files.waiting, room.files.kept, room.files.kept_bytes))
        self.assertGreater(room.free_bytes, 0)
        self.darmo.sync(True, None)

    def test_7c_reports(self):
        worker = next(row.id for row in everybody(self.darmo) if row.name.startswith("RASIKUN"))
        with self.assertRaises(core.CoreError.NotFound):
            self.darmo.add_report("worker", {})
        with self.assertRaises(core.CoreError.Invalid) as refused:
            self.darmo.add_report("accident_report", {"worker": text(worker), "place": text("Kebun kelapa")})
        self.assertEqual({"happened", "what"}, {error.field for error in refused.exception.fields})
        now = int(time.time() * 1000)
        written = {}
        for name, hours in (("in time", 5), ("late", 60)):
            happened = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now / 1000 - hours * 3600))
            fields = {
                "worker": text(worker),
                "happened": text(happened),
                "place": text("Kebun kelapa"),
                "what": text("Jatuh dari pohon, kaki kanan sakit"),
                "clinic": text("klinik-contoh-7"),
            }
            written[name] = self.darmo.add_report("accident_report", fields)
        asked = self.darmo.add_report("feedback", {"topic": text("question"), "text": text("Kapan kartunya jadi?")})
        shown = {report.record.id: report for report in self.darmo.reports(None, True, None, 50)}
        self.assertEqual({*written.values(), asked}, set(shown))
        waiting = core.ReportPhase.WAITING
        self.assertEqual({waiting}, {report.standing.phase for report in shown.values()})
        in_time, late = shown[written["in time"]], shown[written["late"]]
        self.assertEqual((False, True), (in_time.standing.late, late.standing.late))
        self.assertAlmostEqual(now + 43 * 3_600_000, in_time.standing.due, delta=2000)
        self.assertIn("terlambat", late.label)
        self.assertIn("telepon kantor cabang", late.next_step)
        self.assertEqual(2, len(self.darmo.reports(worker, True, None, 50)))
        self.assertEqual(0, self.darmo.sync(True, None).refused)
        # the other official of the village sees them, and the office answers
        self.warti.sync(True, None)
        self.assertEqual(set(shown), {report.record.id for report in self.warti.reports(None, True, None, 50)})
        due = office("reports")
        self.assertEqual([written["late"], written["in time"], asked], [report["report"] for report in due])
        self.assertEqual(["RASIKUN WARTI"] * 2 + [None], [report["name"] for report in due])
        with self.assertRaises(subprocess.CalledProcessError):
            office("answer", asked, "--state", "answered")
        office("answer", written["in time"], "--state", "received")
        office("answer", asked, "--state", "answered", "--text", "Hari Senin, di balai desa.")
        self.assertFalse(self.darmo.saw_answer(asked), "not told yet")
        self.darmo.sync(True, None)
        shown = {report.record.id: report for report in self.darmo.reports(None, True, None, 50)}
        self.assertEqual("Sedang ditangani", shown[written["in time"]].label)
        self.assertEqual("Jawaban: Hari Senin, di balai desa.", shown[asked].next_step)
        self.assertTrue(self.darmo.saw_answer(asked))
        self.assertFalse(self.darmo.saw_answer(asked), "once")
        note = {"of": text(written["late"]), "what": text("note"), "text": text("Sudah ditelepon.")}
        self.darmo.add_follow_up(note)
        self.darmo.sync(True, None)
        self.warti.sync(True, None)
        shown = {report.record.id: report for report in self.warti.reports(None, False, None, 50)}
        self.assertEqual(core.ReportPhase.SEEN, shown[asked].standing.phase)
        self.assertEqual("Sudah ditelepon.", shown[written["late"]].follow_ups[0].fields["text"].value.text)
        self.assertNotIn(asked, [report["report"] for report in office("reports")])

    def test_7d_price_renewals_and_the_slip(self):
        fields = {"income": text("1.500.000"), "occupations.first": text("penderes_kelapa"), "cover.months": whole(3)}
        price = core.price(fields)
        self.assertEqual(price.quote.total, sum(line.sum for line in price.lines))
        self.assertEqual([1, 3, 6, 12], [term.months for term in price.terms])
        self.assertIn("Rp", price.sentence)
        for wrong, named in (({"income": text("banyak")}, "income"), ({"cover.months": whole(7)}, "cover.months")):
            with self.assertRaises(core.CoreError.Invalid) as refused:
                core.price(fields | wrong)
            self.assertEqual({named}, {error.field for error in refused.exception.fields})
        month = time.strftime("%Y-%m")
        self.assertTrue(all(benefit.source for benefit in core.benefits(month)))
        self.assertEqual({"jp", "jkp"}, {one.code for one in core.programmes() if not one.offered})
        for language in (core.Language.INDONESIAN(), core.Language.ENGLISH(), core.Language.BANYUMASAN()):
            self.assertEqual(6, len(core.lessons(language)))
            self.assertEqual({"jkk", "jkm", "jht", "jp", "jkp"}, {one.code for one in core.benefit_sheets(language, month)})
        # the branch numbers and has the money: covered until the end of this month
        worker = next(row.id for row in everybody(self.darmo) if row.name.startswith("RASIKUN"))
        self.assertFalse(self.darmo.slip(worker).covered)
        paid_until(time.strftime("%m-%Y"))
        self.darmo.sync(True, None)
        slip = self.darmo.slip(worker)
        self.assertTrue(slip.covered)
        self.assertNotIn("3302241505909001", slip.text, "masked on paper")
        row = next(row for row in self.darmo.renewals(None, 3, None, 50).rows if row.worker == worker)
        self.assertIsInstance(row.phase, core.Phase.LAPSING)
        self.assertEqual((False, True), (row.asked, row.price.total > 0))
        asks = core.RenewalRequest(months=3, payer=None, working=False, healthy=True)
        with self.assertRaises(core.CoreError.Invalid):
            self.darmo.renew(row.enrollment, asks)
        asks.working = True
        self.darmo.renew(row.enrollment, asks)
        self.assertTrue(next(row for row in self.darmo.renewals(None, 3, None, 50).rows if row.worker == worker).asked)
        self.darmo.sync(True, None)
        self.warti.sync(True, None)
        (sums,) = [sums for sums in self.warti.renewal_sums(None, 3) if sums.area.endswith("001")]
        self.assertEqual(1, sums.asked)

    def test_7e_import_of_a_list(self):
        head = "Nama;NIK;Tanggal lahir;Pekerjaan\n"
        good = head + "Tarwen Contoh;3302241505909021;15-05-1990;penderes\nKarsem Contoh;3302241505909022;15-05-1990;\n"
        before = len(self.darmo.forms())
        with self.assertRaises(core.CoreError) as refused:
            self.darmo.import_list((good + "Misdi Contoh;33022;1990;\nDarsiti Contoh;3302241505909023;31-02-1990;\n").encode())
        self.assertGreaterEqual(len({cell.line for cell in refused.exception.cells}), 2, "every wrong line is told")
        self.assertEqual(before, len(self.darmo.forms()), "and nothing is taken")
        imported = self.darmo.import_list(good.encode())
        self.assertEqual(2, len(imported.forms))
        again = self.darmo.import_list(good.encode())
        self.assertEqual((0, 2), (len(again.forms), len(again.known)), "the same file makes no second ones")
        shown = {form.fields["name"].text for form in self.darmo.forms() if "name" in form.fields}
        self.assertTrue({"Tarwen Contoh", "Karsem Contoh"} <= shown)
        for row in imported.forms:
            self.darmo.discard_form(row.form)

    def test_7f_coverage_and_rounds(self):
        picture = self.darmo.coverage(None, core.CoverageLevel.RT)
        self.assertEqual(picture.total.counts.registered, sum(line.numbers.counts.registered for line in picture.lines))
        self.assertGreaterEqual(picture.total.counts.lapsing, 1)
        began = self.darmo.begin_round(None, "Malam Jumat")
        self.assertEqual(began, self.darmo.begin_round(None, None), "the same evening goes on")
        worker = next(row.id for row in everybody(self.darmo) if row.name.startswith("RASIKUN"))
        self.darmo.add_visit({"worker": text(worker), "outcome": text("already_member")}, None)
        self.darmo.add_visit({"door": text("rumah cat hijau"), "outcome": text("nobody_home")}, None)
        with self.assertRaises(core.CoreError.Invalid):
            self.darmo.add_visit({"door": text("rumah cat hijau")}, None)
        self.darmo.sync(True, None)
        self.warti.sync(True, None)
        shown = self.warti.round(began)
        self.assertEqual((2, ["rumah cat hijau"]), (shown.progress.doors, [door.door for door in shown.again]))
        self.assertNotIn(worker, [row.id for row in self.warti.not_visited(began, None, 50).rows])

    def test_7g_sponsors_and_clinics(self):
        month = time.strftime("%Y-%m")
        words = ["agreement", "save", "CSR-1", "--sponsor", "PT Contoh", "--payer", "csr", "--quota", "1", "--months", "12"]
        office(*words, "--start", month, "--until", "2199-12", "--area", "33.02.24.1001")
        file = FOLDER / "plkk.csv"
        rows = "K-01;Klinik Contoh 1;33.02.24;-7,4240;109,2390\nK-02;Klinik Contoh 2;33.02.24;-7,5000;109,3000\n"
        file.write_text("KODE;NAMA;KECAMATAN;LINTANG;BUJUR\n" + rows)
        office("import-plkk", "--area", "33.02", "--edition", month, str(file))
        for client in (self.darmo, self.warti):
            client.sync(True, None)
        near = core.ClinicQuery(near=core.Position(lat_e6=-7_499_000, lon_e6=109_299_000), region=None, typed="", limit=9)
        self.assertEqual(["K-02", "K-01"], [view.clinic.code for view in self.warti.clinics(near)])
        near.region = "33.03"
        self.assertEqual([], self.warti.clinics(near))
        # each counts on the one place without a signal
        people = {}
        for client, serial in ((self.darmo, 9010), (self.warti, 9011)):
            (agreement,) = client.agreements(None)
            self.assertEqual((1, 0), (agreement.agreement.quota, agreement.waiting_here))
            form = client.open_form(None)
            under = {"cover.payer": text("csr"), "cover.agreement": text("CSR-1")}
            client.type_fields(form.id, person(serial, f"Sponsor {serial}") | under)
            people[serial] = client.register(form.id, None).ids
            self.assertEqual(1, client.agreements(None)[0].waiting_here)
        for client in (self.darmo, self.warti, self.darmo):
            self.assertEqual(0, client.sync(True, None).refused)

        def standing(client, serial):
            (enrollment,) = client.worker(people[serial].worker).enrollments
            return enrollment.record.fields["sponsored"].value.parts["standing"].text

        for client in (self.darmo, self.warti):
            self.assertEqual(["in", "over"], sorted(standing(client, serial) for serial in people))
        over = next(serial for serial in people if standing(self.darmo, serial) == "over")
        has = next(serial for serial in people if serial != over)
        office("swap", people[has].enrollment, "--for", people[over].enrollment)
        for client in (self.darmo, self.warti):
            client.sync(True, None)
            self.assertEqual(("in", "swapped"), (standing(client, over), standing(client, has)))

    def test_7h_card(self):
        worker = next(row.id for row in everybody(self.darmo) if row.name.startswith("RASIKUN"))
        office("cards", "keep")
        for client in (self.darmo, self.warti):
            client.sync(True, None)
        card = self.darmo.card(worker)
        self.assertEqual(core.CardLight.GREEN, card.verdict.light)
        self.assertEqual(card.code.side**2, len(card.code.modules))
        self.assertLessEqual(card.code.version, 12)
        self.assertTrue(card.code.svg.startswith("<svg") and core.card_png(card.text, 4).startswith(b"\x89PNG"))
        self.assertNotIn("3302241505909001", " ".join(fact.value for fact in card.verdict.facts))
        pdf = self.darmo.card_pdf(worker, core.CardPaper.A6, "Kantor Cabang Contoh, 0281 000000", "RT/RW Anda")
        self.assertTrue(pdf.startswith(b"%PDF"))
        # the other phone, without a signal
        self.assertEqual([], self.warti.verify_card(card.text).codes)
        for wrong in ("", card.text[:90], card.text.replace("A", "B"), "A" * 5000, "https://example.org"):
            self.assertEqual(core.CardLight.RED, self.warti.verify_card(wrong).light)
        # a phone that never joined, by files from the office
        out = FOLDER / "klinik"
        root = office("cards", "check", "--area", "33.02", "--out", str(out))["root"]
        keys, listed = (out / "cards.txt").read_text(), (out / "3302.cwt").read_bytes()
        self.assertEqual(core.CardLight.GREEN, core.verify_card_by(card.text, keys, [listed], root, True).light)
        self.assertEqual(["unsure_clock"], core.verify_card_by(card.text, keys, [listed], root, False).codes)
        with self.assertRaises(core.CoreError.Invalid):
            core.verify_card_by(card.text, keys, [listed], "0" * 32, True)
        # lost: another stands in its place
        office("cards", "replace", worker)
        office("cards", "keep")
        for client in (self.darmo, self.warti):
            client.sync(True, None)
        self.assertEqual(["revoked"], self.warti.verify_card(card.text).codes)
        self.assertEqual(core.CardLight.GREEN, self.warti.card(worker).verdict.light)
        nobody = next(row.id for row in everybody(self.darmo) if row.name.startswith("SPONSOR"))
        self.assertIsNone(self.darmo.card(nobody))

    def test_7i_worker_s_own_phone(self):
        worker = next(row.id for row in everybody(self.darmo) if row.name.startswith("RASIKUN"))
        said = office("claim-code", worker, "--server", os.environ["PAYUNG_SERVER"])
        own = locked_phone("own")
        own.set_pin("640275")
        with self.assertRaises(core.CoreError.NotUnderstood):
            own.claim("bukan kode", said["server"], None)
        with self.assertRaises(core.CoreError.Refused):
            own.claim("0000000000", said["server"], None)
        own.claim(said["code"].lower(), said["server"], None)
        own.sync(True, None)
        self.assertEqual([worker], [row.id for row in everybody(own)], "and nobody else")
        self.assertEqual(core.CardLight.GREEN, own.card(worker).verdict.light)
        asked = own.add_report("feedback", {"topic": text("complaint"), "text": text("Nama saya salah tulis.")})
        with self.assertRaises(core.CoreError.NotAllowed):
            own.add_visit({"door": text("rumah tetangga"), "outcome": text("nobody_home")}, None)
        self.assertEqual(0, own.sync(True, None).refused)
        self.darmo.sync(True, None)
        self.assertIn(asked, [report.record.id for report in self.darmo.reports(worker, True, None, 50)])
        own.lock()

    def test_7j_outreach_and_ecosystems(self):
        office("ecosystem", "save", "GULA-1", "--name", "Koperasi Contoh", "--what", "cooperative", "--area", "33.02")
        plan = {"when": text("2199-12-01T12:30:00Z"), "place": text("Balai RW"), "topics": text("kartu iuran")}
        with self.assertRaises(core.CoreError.Invalid):
            self.darmo.plan_session(plan | {"topics": text("sulap")}, None)
        session = self.darmo.plan_session(plan, None)
        self.darmo.sync(True, None)
        self.warti.sync(True, None)
        came = self.warti.attend({"session": text(session), "name": text("Ibu Contoh"), "home": text("RT 002")})
        self.warti.sync(True, None)
        self.darmo.sync(True, None)
        (shown,) = self.darmo.sessions(None)
        self.assertEqual((session, 1, core.SessionState.HELD), (shown.session.id, shown.came, shown.state))
        form = self.darmo.open_attendee_form(came)
        self.assertEqual("Ibu Contoh", form.fields["name"].text)
        self.assertEqual(form.id, self.darmo.open_attendee_form(came).id, "one form only")
        self.assertEqual(form.id, self.darmo.attendees(session)[0].form)
        self.darmo.discard_form(form.id)
        with self.assertRaises(core.CoreError.NotFound):
            self.darmo.attendees(came)
        self.assertEqual(["GULA-1"], [view.code for view in self.warti.ecosystems()])
        table = self.darmo.contribution_table()
        self.assertEqual(("2026-1", False), (table.version, table.update_due))

    def test_7k_duplicate_elsewhere_and_own_record(self):
        nik = "3302241505909001"
        # the other official's phone does not hold him, and is warned offline all the same
        before = self.warti.check_nik(nik, None).warn
        self.assertNotIn(core.NikWarning.IN_AREA, before)
        self.assertEqual(1, office("reference", "filters")["villages"])
        self.warti.sync(True, None)
        check = self.warti.check_nik(nik, None)
        held = any(row.name.startswith("RASIKUN") for row in everybody(self.warti))
        self.assertEqual(not held, core.NikWarning.IN_AREA in check.warn)
        self.assertNotIn(core.NikWarning.IN_AREA, self.warti.check_nik("3302241505909987", None).warn)
        worker = next(row.id for row in everybody(self.darmo) if row.name.startswith("RASIKUN"))
        own = self.darmo.own_record(worker, core.Language.INDONESIAN())
        self.assertIn("Nama: RASIKUN", own.text)
        self.assertEqual("Data diri", own.sections[0].title)
        english = self.darmo.own_record(worker, core.Language.ENGLISH())
        self.assertEqual([len(part.rows) for part in own.sections], [len(part.rows) for part in english.sections])
        with self.assertRaises(core.CoreError.NotFound):
            self.darmo.own_record("0198f000-0000-7000-8000-000000000000", core.Language.ENGLISH())

    def test_8_opens_and_closes_leak_nothing(self):
        def handles():
            return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

        def no_more_than(files, threads):
            """A thread that was told to end takes a moment; a connection of an earlier test may close meanwhile."""
            for _ in range(2000):
                files_now, threads_now = handles()
                if files_now <= files and threads_now <= threads:
                    return True
                time.sleep(0.01)
            return False

        def kilobytes():
            status = Path("/proc/self/status").read_text()
            return int(status.split("VmRSS:")[1].split()[0])

        def open_and_close():
            client = phone("warti")
            client.observe(Told(client))
            client.counts()
            client.suspend()
            client.resume()
            client.lock()

        self.warti.lock()
        for _ in range(20):
            open_and_close()
        handles_before, memory_before = handles(), kilobytes()
        for _ in range(100):
            open_and_close()
        self.assertTrue(no_more_than(*handles_before), f"{handles()} handles, {handles_before} before")
        # a page cache of one store is 8 MiB: a hundred leaked would be far more
        self.assertLess(kilobytes() - memory_before, 16 * 1024)
        self.warti.unlock(PINS["warti"])

    def test_9_wrong_pin(self):
        self.warti.lock()
        with self.assertRaises(core.CoreError.WrongPin) as wrong:
            self.warti.unlock("104823")
        self.assertEqual((14, 0), (wrong.exception.tries_left, wrong.exception.wait_ms))
        for typed in ("1234", "123456"):
            with self.assertRaises(core.CoreError.Invalid):
                self.warti.change_pin(PINS["warti"], typed)
        with self.assertRaises(core.CoreError.PinNeeded):
            self.warti.unlock_by_biometric()
        self.warti.enable_biometric(PINS["warti"])
        self.warti.unlock_by_biometric()
        self.assertEqual(5, len(everybody(self.warti)))
        self.assertEqual(15, self.warti.pin_status().tries_left)
        self.assertGreater(self.warti.lease_days(), 25)
        # a vault that throws what no vault should is contained, and nothing is made
        odd = locked_phone("odd", OddVault())
        with self.assertRaises(core.CoreError.Vault) as failed:
            odd.set_pin("482917")
        self.assertIsInstance(failed.exception.why, core.KeyVaultError.Failed)
        self.assertEqual(core.LockState.FRESH, odd.lock_state())

    def test_a_recovery(self):
        self.warti.lock()
        for _ in range(5):
            with self.assertRaises(core.CoreError.WrongPin):
                self.warti.unlock("104823")
        with self.assertRaises(core.CoreError.PinWait):
            self.warti.unlock(PINS["warti"])
        request = self.warti.recovery_request()
        self.assertEqual(request, self.warti.recovery_request(), "one that was sent must still be answered")
        with self.assertRaises(core.CoreError.NotUnderstood):
            self.warti.recover("payung:tidak-ada", "591736")
        office = [os.environ["PAYUNG_PROGRAM"], "admin", "--data", os.environ["PAYUNG_DATA_FOLDER"]]
        said = subprocess.run(
            [*office, "--as", "Sri Handayani", "--json", "recover", request], capture_output=True, check=True
        )
        self.warti.recover(json.loads(said.stdout)["answer"], "591736")
        self.assertEqual(5, len(everybody(self.warti)))
        self.warti.lock()
        self.warti.unlock("591736")
        self.assertEqual(0, self.warti.sync(True, None).refused)

    def test_b_wipe(self):
        form = self.warti.open_form(None)
        self.warti.type_fields(form.id, person(9004, "Warsiti Terakhir"))
        self.warti.register(form.id, None)
        self.warti.wipe()
        self.assertEqual(core.LockState.FRESH, self.warti.lock_state())
        with self.assertRaises(core.CoreError.NoPin):
            self.warti.unlock("591736")
        left = sorted(path.name for path in (FOLDER / "warti").iterdir())
        self.assertFalse([name for name in left if name.startswith(("payung.db", "lock", "escrow"))], left)
        # what had not been sent is carried all the same
        self.assertEqual(1, self.warti.carry_outbox(None).answered)
        self.darmo.sync(True, None)
        self.assertIn("WARSITI TERAKHIR", [row.name for row in everybody(self.darmo)])

    def test_c_wipe_order(self):
        device = self.darmo.membership().device
        office = [os.environ["PAYUNG_PROGRAM"], "admin", "--data", os.environ["PAYUNG_DATA_FOLDER"]]
        subprocess.run([*office, "--as", "Sri Handayani", "wipe", device], capture_output=True, check=True)
        self.assertTrue(self.darmo.sync(True, None).wipe)
        self.assertEqual(core.LockState.FRESH, self.darmo.lock_state())


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child_registers(sys.argv[2], int(sys.argv[3]))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(
        unittest.defaultTestLoader.loadTestsFromTestCase(Story)
    )
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(bool(failed))
