import id.payung.core.CardLight
import id.payung.core.CardPaper
import id.payung.core.Changed
import id.payung.core.Client
import id.payung.core.ClientConfig
import id.payung.core.ClinicQuery
import id.payung.core.CoreException
import id.payung.core.CoverageLevel
import id.payung.core.Decision
import id.payung.core.FieldValue
import id.payung.core.FileState
import id.payung.core.HardwareSignature
import id.payung.core.KeyVault
import id.payung.core.KeyVaultException
import id.payung.core.Language
import id.payung.core.LockState
import id.payung.core.NewPhoto
import id.payung.core.NikWarning
import id.payung.core.Phase
import id.payung.core.PictureError
import id.payung.core.Position
import id.payung.core.Purpose
import id.payung.core.RenewalRequest
import id.payung.core.ReportPhase
import id.payung.core.Saved
import id.payung.core.SessionState
import id.payung.core.StoreObserver
import id.payung.core.benefits
import id.payung.core.price
import id.payung.core.programmes
import id.payung.core.softwareVault
import id.payung.core.verifyCardBy
import java.io.File
import java.text.SimpleDateFormat
import java.time.Duration
import java.time.Instant
import java.time.temporal.ChronoUnit
import java.util.Date
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.FixMethodOrder
import org.junit.Test
import org.junit.runners.MethodSorters

private fun env(name: String): String = requireNotNull(System.getenv(name)) { "$name is not set: run ./dev test bindings" }

private val FOLDER = File(env("PAYUNG_STORY_FOLDER"))
private val PINS = mapOf("darmo" to "482917", "warti" to "730528")
private val BOOT = File("/proc/sys/kernel/random/boot_id").readText()

private fun text(value: String) = FieldValue.Text(value)

private val yes = FieldValue.Flag(true)

/** What an official types of an invented person. */
private fun person(serial: Int, name: String): Map<String, FieldValue> =
    mapOf(
        "nik" to text("330224150590$serial"),
        "name" to text(name),
        "birth.date" to text("1990-05-15"),
        "birth.place" to text("BANYUMAS"),
        "birth.sex" to text("male"),
        "mother_name" to text("SUPARTI KARANGAN"),
        "home.line" to text("Gang Melati 9"),
        "phone" to text("081200009001"),
        "occupations.first" to text("penderes_kelapa"),
        "income" to text("1.500.000"),
        "cover.months" to FieldValue.Whole(3),
        "heirs" to FieldValue.Items(
            listOf(FieldValue.Parts(mapOf("name" to text("TURAH KARANGAN"), "relation" to text("child")))),
        ),
        "declaration.independent" to yes,
        "declaration.healthy" to yes,
        "consent.text_version" to text("2026-1"),
        "consent.language" to text("id"),
        "consent.read_by" to text("official"),
    )

private fun lockedPhone(name: String, vault: KeyVault = softwareVault(File(FOLDER, "$name.vault").path)): Client =
    Client(ClientConfig(File(FOLDER, name).path, "1.0.0", BOOT), vault)

private fun phone(name: String): Client = lockedPhone(name).also {
    if (it.lockState() == LockState.FRESH) it.setPin(PINS.getValue(name)) else it.unlock(PINS.getValue(name))
}

private val THIS_MONTH = SimpleDateFormat("yyyy-MM").format(Date())

/** One act of the operator; what it prints as JSON. */
private fun office(vararg words: String): String {
    val admin = listOf(env("PAYUNG_PROGRAM"), "admin", "--json", "--data", env("PAYUNG_DATA_FOLDER"), "--as", "Sri Handayani")
    val process = ProcessBuilder(admin + words).redirectErrorStream(true).start()
    val said = process.inputStream.bufferedReader().readText()
    assertEquals(said, 0, process.waitFor())
    return said
}

/** The branch numbers and has the money of everybody who is in order, from today until the end of a month. */
private fun paidUntil(month: String) {
    office("verify", "--all", "--area", "33.02.24.1001")
    val exported = office("export", "--out", File(FOLDER, "ekspor.csv").path)
    val ids = exported.substringAfter("\"enrollments\":[").substringBefore(']').split(',').map { it.trim('"') }
    val file = File(FOLDER, "cabang.csv")
    val head = "REFERENSI;JAWABAN;KPJ;KODE IURAN;JUMLAH;BERLAKU SAMPAI;TERLINDUNGI MULAI;TERLINDUNGI SAMPAI"
    val numbered = ids.mapIndexed { n, id -> "$id;BERNOMOR;${99_000_000_000 + n};88000000000$n;50400;31-12-2199;;" }
    val today = SimpleDateFormat("dd-MM-yyyy").format(Date())
    for (lines in listOf(numbered, ids.map { "$it;LUNAS;;;;;$today;$month" })) {
        file.writeText((listOf(head) + lines).joinToString("\n", postfix = "\n"))
        office("import", file.path)
    }
}

private fun everybody(client: Client) = client.search("", null, 50u).rows

/** The child of the kill: registers one person, types half of another, and waits to be killed. */
fun main(args: Array<String>) {
    val client = phone(args[0])
    val form = client.openForm(null)
    client.typeFields(form.id, person(args[1].toInt(), "Kuswanto Terbunuh"))
    client.register(form.id, null)
    val half = client.openForm(null)
    client.typeField(half.id, "name", text("Setengah Jadi"))
    println("saved")
    Thread.sleep(Long.MAX_VALUE)
}

/** Counts what it is told; the first time it throws what no observer should. */
private class Told(private val client: Client, private val throws: Boolean) : StoreObserver {
    val times = AtomicInteger()
    val workers = AtomicLong()
    private val lock = ReentrantLock()
    private val heard = lock.newCondition()

    override fun changed(what: Changed) {
        val time = lock.withLock { times.incrementAndGet().also { heard.signalAll() } }
        check(!(throws && time == 1)) { "not an error of ours" }
        // under no lock of the core, so it may ask back
        workers.set(client.counts().workers.toLong())
    }

    fun waitFor(wanted: Int): Boolean = lock.withLock {
        var left = TimeUnit.SECONDS.toNanos(20)
        while (times.get() < wanted && left > 0) left = heard.awaitNanos(left)
        times.get() >= wanted
    }
}

/** The steps build on each other, in the order of their names: see ../README.md. */
@FixMethodOrder(MethodSorters.NAME_ASCENDING)
class StoryTest {
    companion object {
        private val darmo by lazy { phone("darmo") }
        private val warti by lazy { phone("warti") }
    }

    private fun rasikun() = everybody(darmo).first { it.name.startsWith("RASIKUN") }.id

    @Test
    fun `1 join`() {
        assertNull(darmo.membership())
        assertThrows(CoreException.NotUnderstood::class.java) { darmo.join("https://example.org/not-an-invite", null) }
        for ((client, invite) in listOf(darmo to "PAYUNG_INVITE_DARMO", warti to "PAYUNG_INVITE_WARTI")) {
            client.join(env(invite), null)
            // the same link again changes nothing: a lost answer burns nothing
            client.join(env(invite), null)
        }
        assertEquals("33.02.24.1001.003.001", darmo.membership()!!.area)
        assertNotEquals(darmo.membership()!!.official, warti.membership()!!.official)
    }

    @Test
    fun `2 register`() {
        val told = Told(darmo, throws = true)
        val watching = darmo.observe(told)
        assertTrue("the first value comes at once", told.waitFor(1))
        val form = darmo.openForm(null)
        val wrong = mapOf("nik" to text("3302241505"), "income" to text("banyak"))
        darmo.typeFields(form.id, person(9001, "Rasikun Karangan") + wrong)
        val refused = assertThrows(CoreException.Invalid::class.java) { darmo.register(form.id, null) }
        assertEquals(setOf("nik", "income"), refused.fields.map { it.field }.toSet())
        assertEquals(listOf(form.id), darmo.forms().map { it.id })
        darmo.typeFields(form.id, person(9001, "Rasikun Karangan"))
        assertTrue(darmo.checkForm(form.id, null).isEmpty())
        val check = darmo.checkNik("3302241505909001", form.id)
        assertEquals("1990-05-15" to "Purwokerto Selatan", check.birth to check.region?.district)
        val quote = darmo.quote(form.id, null)
        val registered = darmo.register(form.id, null)
        assertEquals(quote.total, registered.quote.total)
        val row = everybody(darmo).single()
        assertEquals("RASIKUN KARANGAN" to true, row.name to row.waiting)
        val before = told.times.get()
        darmo.typeField(darmo.openForm(null).id, "name", text("x"))
        assertTrue(told.waitFor(before + 1))
        assertEquals(1, told.workers.get())
        watching.end()
        assertTrue(darmo.supportBundle().contains("\"observers_failed\": 1"))
        darmo.forms().forEach { darmo.discardForm(it.id) }
    }

    @Test
    fun `3 kill and reopen`() {
        darmo.lock()
        val java = File(System.getProperty("java.home"), "bin/java").path
        val child = ProcessBuilder(
            java, "-Djna.library.path=${env("PAYUNG_LIBRARY_FOLDER")}",
            "-cp", System.getProperty("java.class.path"), "StoryTestKt", "darmo", "9002",
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        assertEquals("saved", child.inputReader().readLine())
        child.destroyForcibly().waitFor()
        assertThrows(CoreException.Locked::class.java) { darmo.counts() }
        darmo.unlock(PINS.getValue("darmo"))
        assertEquals(listOf("KUSWANTO TERBUNUH", "RASIKUN KARANGAN"), everybody(darmo).map { it.name })
        val half = darmo.forms().first()
        assertEquals(text("Setengah Jadi"), half.fields["name"])
        darmo.discardForm(half.id)
    }

    @Test
    fun `4 sync`() {
        val report = darmo.sync(true, null)
        assertEquals(6UL to 0UL, report.uploaded to report.refused)
        assertFalse(everybody(darmo).any { it.waiting })
        warti.sync(true, null)
        assertEquals(2, everybody(warti).size)
        assertEquals("3302********9002", warti.worker(everybody(warti).first().id).summary.nik)
        assertNotNull(darmo.lastSuccessMs())
    }

    @Test
    fun `5 conflict`() {
        val worker = everybody(darmo).first { it.name.startsWith("RASIKUN") }.id
        for ((client, name) in listOf(darmo to "Rasikun Darmo", warti to "Rasikun Warti")) {
            val form = client.openForm(worker)
            client.typeField(form.id, "name", text(name))
            assertEquals(Saved.OP, client.saveForm(form.id))
        }
        darmo.sync(true, null)
        warti.sync(true, null)
        darmo.sync(true, null)
        for (client in listOf(darmo, warti)) {
            val conflict = client.conflicts().single()
            assertEquals("name", conflict.field)
            val values = conflict.conflict.candidates.map { it.value }.toSet()
            assertEquals(setOf(text("RASIKUN DARMO"), text("RASIKUN WARTI")), values)
        }
    }

    @Test
    fun `6 resolve`() {
        val open = warti.conflicts().single()
        warti.resolve(
            Decision(
                record = open.record,
                field = open.field,
                value = text("Rasikun Warti"),
                seen = open.conflict.candidates.map { it.op },
                base = open.base,
                document = "ktp",
            ),
        )
        warti.sync(true, null)
        darmo.sync(true, null)
        for (client in listOf(darmo, warti)) {
            assertTrue(client.conflicts().isEmpty())
            assertEquals("RASIKUN WARTI", client.worker(open.record).summary.name)
        }
        assertTrue(warti.history(open.record).any { it.decided == listOf("name") })
    }

    @Test
    fun `7 sealed outbox`() {
        val form = darmo.openForm(null)
        darmo.typeFields(form.id, person(9003, "Tohirin Tersegel"))
        darmo.register(form.id, null)
        assertEquals(1, darmo.outboxFiles().size)
        darmo.lock()
        val carried = darmo.carryOutbox(null)
        assertEquals(1UL to 0UL, carried.answered to carried.waiting)
        // nothing is sent twice
        assertEquals(0UL, darmo.carryOutbox(null).answered)
        darmo.unlock(PINS.getValue("darmo"))
        assertEquals(0UL, darmo.waiting().sent + darmo.waiting().new)
        assertTrue(darmo.outboxFiles().isEmpty())
        val report = darmo.sync(true, null)
        assertEquals(0UL to 0UL, report.sent to report.uploaded)
        warti.sync(true, null)
        assertEquals(3, everybody(warti).size)
    }

    @Test
    fun `7b photo`() {
        val capture = File(env("PAYUNG_PHOTO")).readBytes()
        val worker = everybody(darmo).first { it.name.startsWith("RASIKUN") }.id
        val photo = NewPhoto(of = worker, what = "photo", witness = null, note = null, priority = 0, wifiOnly = true)
        for ((refused, wanted) in listOf(
            "BUKAN FOTO".toByteArray() to PictureError.NotAPicture::class.java,
            capture.copyOf(capture.size - 1000) to PictureError.Cut::class.java,
            capture.copyOf(25 shl 20) to PictureError.TooLarge::class.java,
        )) {
            val error = assertThrows(CoreException.PictureRefused::class.java) { darmo.attach(photo, refused) }
            assertEquals(wanted, error.why.javaClass)
        }
        assertTrue(darmo.photos(worker).isEmpty())
        assertEquals(0UL, darmo.waiting().new)
        val taken = darmo.attach(photo, capture)
        // it waits for wifi, and its record does not wait for it
        assertEquals(0UL, darmo.sendPhotos(false, true, null).sent)
        assertEquals(1UL, darmo.sync(true, null).uploaded)
        // cut in the second chunk, locked and opened again: the first is not sent again
        assertThrows(CoreException.NotConnected::class.java) { darmo.sendPhotos(true, true, env("PAYUNG_CUT_ROAD")) }
        darmo.lock()
        assertThrows(CoreException.Locked::class.java) { darmo.photo(taken) }
        darmo.unlock(PINS.getValue("darmo"))
        val cut = darmo.photos(worker).single()
        assertEquals(FileState.WAITING to (64UL shl 10), cut.file to cut.sent)
        val report = darmo.sendPhotos(true, true, null)
        assertEquals(1U to cut.size - cut.sent, report.files to report.sent)
        assertEquals(FileState.SENT, darmo.photos(worker).single().file)
        // there, whole, as ciphertext
        val sealed = File(FOLDER, "darmo/media").listFiles()!!.single().readBytes()
        val there = File(env("PAYUNG_DATA_FOLDER"), "media/objects").walk().single { it.isFile }.readBytes()
        assertTrue(sealed.contentEquals(there))
        assertTrue(darmo.photo(taken)!!.size <= 80_000)
        val next = darmo.attach(photo, capture)
        darmo.giveUpPhoto(next)
        assertNull(darmo.photo(next))
        assertThrows(CoreException.NotFound::class.java) { darmo.giveUpPhoto(taken) }
        assertEquals(0UL to 1UL, darmo.photoRoom().files.let { it.waiting to it.kept })
        darmo.sync(true, null)
    }

    @Test
    fun `7c reports`() {
        val worker = everybody(darmo).first { it.name.startsWith("RASIKUN") }.id
        assertThrows(CoreException.NotFound::class.java) { darmo.addReport("worker", emptyMap()) }
        val unfinished = mapOf("worker" to text(worker), "place" to text("Kebun kelapa"))
        val refused = assertThrows(CoreException.Invalid::class.java) { darmo.addReport("accident_report", unfinished) }
        assertEquals(setOf("happened", "what"), refused.fields.map { it.field }.toSet())
        val happened = Instant.now().minus(Duration.ofHours(60)).truncatedTo(ChronoUnit.SECONDS)
        val late = darmo.addReport(
            "accident_report",
            unfinished + mapOf("happened" to text(happened.toString()), "what" to text("Jatuh dari pohon")),
        )
        val asked = darmo.addReport("feedback", mapOf("topic" to text("question"), "text" to text("Kapan kartunya jadi?")))
        assertEquals(listOf(asked, late), darmo.reports(null, true, null, 50u).map { it.record.id })
        val accident = darmo.reports(worker, true, null, 50u).single()
        assertEquals(ReportPhase.WAITING to true, accident.standing.phase to accident.standing.late)
        assertEquals(happened.plus(Duration.ofHours(48)).toEpochMilli(), accident.standing.due)
        darmo.addFollowUp(mapOf("of" to text(late), "what" to text("note"), "text" to text("Sudah ditelepon.")))
        assertEquals(0UL, darmo.sync(true, null).refused)
        warti.sync(true, null)
        val told = warti.reports(null, true, null, 50u).associateBy { it.record.id }
        assertEquals(ReportPhase.SENT, told.getValue(asked).standing.phase)
        assertEquals(1, told.getValue(late).followUps.size)
        assertFalse(warti.sawAnswer(asked))
    }

    @Test
    fun `7d price renewals and the slip`() {
        val fields = mapOf(
            "income" to text("1.500.000"), "occupations.first" to text("penderes_kelapa"), "cover.months" to FieldValue.Whole(3),
        )
        val price = price(fields)
        assertEquals(price.quote.total, price.lines.sumOf { it.sum })
        assertEquals(listOf(1u, 3u, 6u, 12u), price.terms.map { it.months })
        for ((wrong, named) in listOf("income" to text("banyak"), "cover.months" to FieldValue.Whole(7)).map { it to it.first }) {
            val refused = assertThrows(CoreException.Invalid::class.java) { price(fields + wrong) }
            assertEquals(listOf(named), refused.fields.map { it.field })
        }
        assertTrue(benefits(THIS_MONTH).all { it.source.isNotEmpty() })
        assertEquals(setOf("jp", "jkp"), programmes().filterNot { it.offered }.map { it.code }.toSet())
        // the branch numbers and has the money: covered until the end of this month
        val worker = rasikun()
        paidUntil(SimpleDateFormat("MM-yyyy").format(Date()))
        darmo.sync(true, null)
        val slip = darmo.slip(worker)
        assertTrue(slip.covered)
        assertFalse("masked on paper", slip.text.contains("3302241505909001"))
        fun row() = darmo.renewals(null, 3u, null, 50u).rows.single { it.worker == worker }
        assertEquals(false to Phase.Lapsing, row().asked to row().phase)
        val asks = RenewalRequest(months = 3u, payer = null, working = false, healthy = true)
        assertThrows(CoreException.Invalid::class.java) { darmo.renew(row().enrollment, asks) }
        darmo.renew(row().enrollment, asks.copy(working = true))
        assertTrue(row().asked)
        darmo.sync(true, null)
        warti.sync(true, null)
        assertEquals(1u, warti.renewalSums(null, 3u).single { it.area.endsWith("001") }.asked)
    }

    @Test
    fun `7e import of a list`() {
        val head = "Nama;NIK;Tanggal lahir;Pekerjaan\n"
        val good = head + "Tarwen Contoh;3302241505909021;15-05-1990;penderes\nKarsem Contoh;3302241505909022;15-05-1990;\n"
        val before = darmo.forms().size
        val wrong = good + "Misdi Contoh;33022;1990;\nDarsiti Contoh;3302241505909023;31-02-1990;\n"
        assertThrows(CoreException::class.java) { darmo.importList(wrong.toByteArray()) }
        assertEquals("nothing is taken", before, darmo.forms().size)
        val imported = darmo.importList(good.toByteArray())
        assertEquals(2, imported.forms.size)
        val again = darmo.importList(good.toByteArray())
        assertEquals(0 to 2, again.forms.size to again.known.size)
        imported.forms.forEach { darmo.discardForm(it.form) }
    }

    @Test
    fun `7f coverage and rounds`() {
        val picture = darmo.coverage(null, CoverageLevel.RT)
        assertTrue(picture.total.counts.lapsing >= 1uL)
        val began = darmo.beginRound(null, "Malam Jumat")
        assertEquals("the same evening goes on", began, darmo.beginRound(null, null))
        val worker = rasikun()
        darmo.addVisit(mapOf("worker" to text(worker), "outcome" to text("already_member")), null)
        darmo.addVisit(mapOf("door" to text("rumah cat hijau"), "outcome" to text("nobody_home")), null)
        assertThrows(CoreException.Invalid::class.java) { darmo.addVisit(mapOf("door" to text("rumah cat hijau")), null) }
        darmo.sync(true, null)
        warti.sync(true, null)
        assertEquals(listOf("rumah cat hijau"), warti.round(began).again.map { it.door })
        assertFalse(warti.notVisited(began, null, 50u).rows.any { it.id == worker })
    }

    @Test
    fun `7g sponsors and clinics`() {
        office(
            "agreement", "save", "CSR-1", "--sponsor", "PT Contoh", "--payer", "csr", "--quota", "1", "--months", "12",
            "--start", THIS_MONTH, "--until", "2199-12", "--area", "33.02.24.1001",
        )
        val file = File(FOLDER, "plkk.csv")
        val rows = "K-01;Klinik Contoh 1;33.02.24;-7,4240;109,2390\nK-02;Klinik Contoh 2;33.02.24;-7,5000;109,3000\n"
        file.writeText("KODE;NAMA;KECAMATAN;LINTANG;BUJUR\n$rows")
        office("import-plkk", "--area", "33.02", "--edition", THIS_MONTH, file.path)
        listOf(darmo, warti).forEach { it.sync(true, null) }
        val near = ClinicQuery(near = Position(-7_499_000, 109_299_000), region = null, typed = "", limit = 9u)
        assertEquals(listOf("K-02", "K-01"), warti.clinics(near).map { it.clinic.code })
        assertTrue(warti.clinics(near.copy(region = "33.03")).isEmpty())
        // each counts on the one place without a signal
        val people = listOf(darmo to 9010, warti to 9011).map { (client, serial) ->
            val form = client.openForm(null)
            val under = mapOf("cover.payer" to text("csr"), "cover.agreement" to text("CSR-1"))
            client.typeFields(form.id, person(serial, "Sponsor $serial") + under)
            client.register(form.id, null).ids.also { assertEquals(1u, client.agreements(null).single().waitingHere) }
        }
        listOf(darmo, warti, darmo).forEach { assertEquals(0uL, it.sync(true, null).refused) }
        fun standings(client: Client) = people.map {
            val sponsored = client.worker(it.worker).enrollments.single().record.fields.getValue("sponsored").value
            ((sponsored as FieldValue.Parts).parts.getValue("standing") as FieldValue.Text).text
        }
        for (client in listOf(darmo, warti)) assertEquals(listOf("in", "over"), standings(client).sorted())
        val (has, over) = people.sortedBy { standings(darmo)[people.indexOf(it)] }
        office("swap", has.enrollment, "--for", over.enrollment)
        for (client in listOf(darmo, warti)) {
            client.sync(true, null)
            assertEquals(listOf("in", "swapped"), standings(client).sorted())
        }
    }

    @Test
    fun `7h card`() {
        val worker = rasikun()
        office("cards", "keep")
        listOf(darmo, warti).forEach { it.sync(true, null) }
        val card = darmo.card(worker)!!
        assertEquals(CardLight.GREEN, card.verdict.light)
        assertEquals((card.code.side * card.code.side).toInt(), card.code.modules.size)
        assertTrue(card.code.version <= 12u)
        assertFalse(card.verdict.facts.any { it.value.contains("3302241505909001") })
        val pdf = darmo.cardPdf(worker, CardPaper.A6, "Kantor Cabang Contoh, 0281 000000", "RT/RW Anda")
        assertEquals("%PDF", String(pdf.copyOf(4)))
        // the other phone, without a signal
        assertTrue(warti.verifyCard(card.text).codes.isEmpty())
        for (wrong in listOf("", card.text.take(90), card.text.replace("A", "B"), "A".repeat(5000), "https://example.org")) {
            assertEquals(CardLight.RED, warti.verifyCard(wrong).light)
        }
        // a phone that never joined, by files from the office
        val out = File(FOLDER, "klinik")
        office("cards", "check", "--area", "33.02", "--out", out.path)
        val (keys, listed) = File(out, "cards.txt").readText() to File(out, "3302.cwt").readBytes()
        assertEquals(CardLight.GREEN, verifyCardBy(card.text, keys, listOf(listed), null, true).light)
        assertEquals(listOf("unsure_clock"), verifyCardBy(card.text, keys, listOf(listed), null, false).codes)
        assertThrows(CoreException.Invalid::class.java) { verifyCardBy(card.text, keys, listOf(listed), "0".repeat(32), true) }
        // lost: another stands in its place
        office("cards", "replace", worker)
        office("cards", "keep")
        listOf(darmo, warti).forEach { it.sync(true, null) }
        assertEquals(listOf("revoked"), warti.verifyCard(card.text).codes)
        assertEquals(CardLight.GREEN, warti.card(worker)!!.verdict.light)
        assertNull(darmo.card(everybody(darmo).first { it.name.startsWith("SPONSOR") }.id))
    }

    @Test
    fun `7i worker's own phone`() {
        val worker = rasikun()
        val said = office("claim-code", worker, "--server", env("PAYUNG_SERVER"))
        fun told(name: String) = said.substringAfter("\"$name\":\"").substringBefore('"')
        lockedPhone("own").use { own ->
            own.setPin("640275")
            assertThrows(CoreException.NotUnderstood::class.java) { own.claim("bukan kode", told("server"), null) }
            assertThrows(CoreException.Refused::class.java) { own.claim("0000000000", told("server"), null) }
            own.claim(told("code").lowercase(), told("server"), null)
            own.sync(true, null)
            assertEquals("and nobody else", listOf(worker), everybody(own).map { it.id })
            assertEquals(CardLight.GREEN, own.card(worker)!!.verdict.light)
            val asked = own.addReport("feedback", mapOf("topic" to text("complaint"), "text" to text("Nama saya salah tulis.")))
            val visit = mapOf("door" to text("rumah tetangga"), "outcome" to text("nobody_home"))
            assertThrows(CoreException.NotAllowed::class.java) { own.addVisit(visit, null) }
            assertEquals(0uL, own.sync(true, null).refused)
            darmo.sync(true, null)
            assertTrue(darmo.reports(worker, true, null, 50u).any { it.record.id == asked })
            own.lock()
        }
    }

    @Test
    fun `7j outreach and ecosystems`() {
        office("ecosystem", "save", "GULA-1", "--name", "Koperasi Contoh", "--what", "cooperative", "--area", "33.02")
        val plan = mapOf("when" to text("2199-12-01T12:30:00Z"), "place" to text("Balai RW"), "topics" to text("kartu iuran"))
        assertThrows(CoreException.Invalid::class.java) { darmo.planSession(plan + ("topics" to text("sulap")), null) }
        val session = darmo.planSession(plan, null)
        darmo.sync(true, null)
        warti.sync(true, null)
        val came = warti.attend(mapOf("session" to text(session), "name" to text("Ibu Contoh"), "home" to text("RT 002")))
        warti.sync(true, null)
        darmo.sync(true, null)
        val shown = darmo.sessions(null).single()
        assertEquals(Triple(session, 1u, SessionState.HELD), Triple(shown.session.id, shown.came, shown.state))
        val form = darmo.openAttendeeForm(came)
        assertEquals(text("Ibu Contoh"), form.fields.getValue("name"))
        assertEquals("one form only", form.id, darmo.openAttendeeForm(came).id)
        darmo.discardForm(form.id)
        assertThrows(CoreException.NotFound::class.java) { darmo.attendees(came) }
        assertEquals(listOf("GULA-1"), warti.ecosystems().map { it.code })
        assertEquals("2026-1" to false, darmo.contributionTable().let { it.version to it.updateDue })
    }

    @Test
    fun `7k duplicate elsewhere and own record`() {
        val nik = "3302241505909001"
        office("reference", "filters")
        warti.sync(true, null)
        val held = everybody(warti).any { it.name.startsWith("RASIKUN") }
        assertEquals(!held, NikWarning.IN_AREA in warti.checkNik(nik, null).warn)
        assertFalse(NikWarning.IN_AREA in warti.checkNik("3302241505909987", null).warn)
        val worker = everybody(darmo).first { it.name.startsWith("RASIKUN") }.id
        val own = darmo.ownRecord(worker, Language.Indonesian)
        assertTrue("Nama: RASIKUN" in own.text)
        assertEquals("Data diri", own.sections.first().title)
    }

    @Test
    fun `8 opens and closes leak nothing`() {
        fun handles() = File("/proc/self/fd").list()!!.size

        fun openAndClose() {
            phone("warti").use { client ->
                client.observe(Told(client, throws = false)).use { client.counts() }
                client.suspend()
                client.resume()
                client.lock()
            }
        }
        warti.lock()
        repeat(20) { openAndClose() }
        val before = handles()
        repeat(100) { openAndClose() }
        // the JVM opens a few by itself; a hundred leaked would be many more
        assertTrue("${handles()} handles, $before before", handles() <= before + 8)
        warti.unlock(PINS.getValue("warti"))
    }

    @Test
    fun `9 wrong pin`() {
        warti.lock()
        val wrong = assertThrows(CoreException.WrongPin::class.java) { warti.unlock("104823") }
        assertEquals(14U to 0UL, wrong.triesLeft to wrong.waitMs)
        for (typed in listOf("1234", "123456")) {
            assertThrows(CoreException.Invalid::class.java) { warti.changePin(PINS.getValue("warti"), typed) }
        }
        assertThrows(CoreException.PinNeeded::class.java) { warti.unlockByBiometric() }
        warti.enableBiometric(PINS.getValue("warti"))
        warti.unlockByBiometric()
        assertEquals(5, everybody(warti).size)
        assertEquals(15U, warti.pinStatus().triesLeft)
        assertTrue(warti.leaseDays()!! > 25U)
        // a vault that throws what no vault should is contained, and nothing is made
        val odd = lockedPhone("odd", OddVault())
        val failed = assertThrows(CoreException.Vault::class.java) { odd.setPin("482917") }
        assertTrue(failed.why is KeyVaultException.Failed)
        assertEquals(LockState.FRESH, odd.lockState())
    }
}

/** Throws what no vault should. */
private class OddVault : KeyVault {
    override fun wrap(purpose: Purpose, plain: ByteArray): ByteArray = error("not an error of ours")

    override fun unwrap(purpose: Purpose, wrapped: ByteArray): ByteArray = error("not an error of ours")

    override fun forget(purpose: Purpose) = error("not an error of ours")

    override fun sign(message: ByteArray): HardwareSignature? = null
}
