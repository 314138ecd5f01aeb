package id.payung.screens

import androidx.compose.runtime.Composable
import id.payung.core.About
import id.payung.core.Attachment
import id.payung.core.CardCode
import id.payung.core.CardLight
import id.payung.core.CardVerdict
import id.payung.core.CoreException
import id.payung.core.CoverageLevel
import id.payung.core.FieldError
import id.payung.core.FieldValue
import id.payung.core.Language
import id.payung.core.Pause
import id.payung.core.Phase
import id.payung.core.SyncState
import id.payung.core.WorkerQuery
import id.payung.core.consentNow
import id.payung.core.occupationOf
import id.payung.core.occupations
import id.payung.screens.app.AppContainer
import id.payung.screens.app.Camera
import id.payung.screens.app.Gate
import id.payung.screens.app.Place
import id.payung.screens.app.PlaceScreen
import id.payung.screens.app.Platform
import id.payung.screens.app.Sharing
import id.payung.screens.app.WorkerFilter
import id.payung.screens.card.CardScreen
import id.payung.screens.card.CardUiState
import id.payung.screens.detail.DetailScreen
import id.payung.screens.detail.DetailUiState
import id.payung.screens.exchange.ExchangeActions
import id.payung.screens.exchange.ExchangeScreen
import id.payung.screens.exchange.ExchangeUiState
import id.payung.screens.home.HomeScreen
import id.payung.screens.home.HomeUiState
import id.payung.screens.home.Tile
import id.payung.screens.lock.JoinScreen
import id.payung.screens.lock.LockScreen
import id.payung.screens.lock.WelcomeScreen
import id.payung.screens.needs.ConflictScreen
import id.payung.screens.needs.NeedsScreen
import id.payung.screens.needs.NeedsUiState
import id.payung.screens.register.DoneScreen
import id.payung.screens.register.RegisterActions
import id.payung.screens.register.RegisterScreen
import id.payung.screens.register.RegisterUiState
import id.payung.screens.register.Step
import id.payung.screens.rounds.RoundsScreen
import id.payung.screens.rounds.RoundsUiState
import id.payung.screens.verify.VerifyScreen
import id.payung.screens.workers.WorkersScreen
import id.payung.screens.workers.WorkersUiState
import id.payung.words.Words
import id.payung.words.WordsEN
import id.payung.words.WordsID
import id.payung.words.WordsJV
import org.junit.Test

/**
 * Every screen and the states that need a picture of their own, drawn over a phone of the real core that sent to a real server. What
 * would be another tomorrow (a time, a month) is set to a fixed one.
 */
class PicturesTest {
    private val rt = "33.02.24.1005.005.003"

    @Test
    fun `all screens look as they were looked at`() {
        val container = joined("gambar", rt, Platform(camera = Camera { null }, sharing = Sharing { _, _, _ -> null }))
        val other = joined("gambar-lain", rt)
        val names = listOf("Suwarti", "Tukiman", "Sri Rahayu", "Wasito", "Rokhmat", "Kasminah")
        val workers = names.mapIndexed { at, name -> container.register(9301 + at, name) }
        container.core.facade.sync(true, null)
        other.core.facade.sync(true, null)
        disagree(container, other, workers[3])
        branch(workers.map { container.core.facade.worker(it).enrollments.single().record.id })
        container.core.facade.sync(true, null)
        container.register(9311, "Parmin")
        val half = container.core.facade.openForm(null)
        container.core.facade.typeFields(half.id, mapOf("name" to FieldValue.Text("Tarsinem")))

        val album = Album()
        for ((name, screen) in screens(container, workers)) {
            for (view in View.entries) album.compare(name + view.mark, draw(container, view) { screen() })
            for (words in listOf(WordsEN, WordsJV)) album.compare("$name-${words.language}", draw(container, words = words) { screen() })
        }
        container.core.facade.lock()
        other.core.facade.lock()
        album.close()
    }

    /** Two officials write the mother's name of one person differently, and both send. */
    private fun disagree(
        one: AppContainer,
        other: AppContainer,
        worker: String,
    ) {
        for ((container, name) in listOf(one to "SARIYAH", other to "SARIPAH")) {
            val form = container.core.facade.openForm(worker)
            container.core.facade.typeField(form.id, "mother_name", FieldValue.Text(name))
            container.core.facade.saveForm(form.id)
        }
        one.core.facade.sync(true, null)
        other.core.facade.sync(true, null)
    }

    /** The branch: the first is covered for long, the second returned, the third has a code to pay with. */
    private fun branch(ordered: List<String>) {
        val folder = java.io.File(env("PAYUNG_PHONES"))
        office("verify", "--all", "--area", rt.take(13))
        val exported = office("export", "--out", java.io.File(folder, "ekspor.csv").path)
        check(ordered.take(3).all { it in exported }) { exported }
        val head = "REFERENSI;JAWABAN;KPJ;KODE IURAN;JUMLAH;BERLAKU SAMPAI;TERLINDUNGI MULAI;TERLINDUNGI SAMPAI;ALASAN\n"
        val file = java.io.File(folder, "cabang.csv")
        file.writeText(
            head.replace(";ALASAN", "") +
                "${ordered[0]};BERNOMOR;24001234567;880000000001;50400;31-12-2199;;\n" +
                "${ordered[2]};BERNOMOR;24001234568;880000000002;50400;31-12-2199;;\n",
        )
        office("import", file.path)
        file.writeText(head.replace(";ALASAN", "") + "${ordered[0]};LUNAS;;;;;01-01-2026;2199-10\n")
        office("import", file.path)
        office("cards", "keep")
        office("return", ordered[1], "--code", "nik_not_found")
    }

    private fun screens(
        container: AppContainer,
        workers: List<String>,
    ): List<Pair<String, @Composable () -> Unit>> {
        val client = container.core.facade
        val membership = checkNotNull(client.membership())
        val go: (Place) -> Unit = {}
        val coverage = client.coverage(null, CoverageLevel.RT)
        val counts = client.counts()
        val home =
            HomeUiState(
                membership.areaLabel, "Purwokerto Kulon, Purwokerto Selatan", coverage.total,
                listOf(Tile("RT 003 RW 005", 34, 68), Tile("RT 004 RW 005", 3, 4)), 1, 1, 0, 1, 0, 6, client.forms(), false, null, null,
            )
        val rows = client.workers(WorkerQuery(null, null, null, emptyList(), emptyList(), null, null, 50uL)).rows

        fun detail(worker: String): DetailUiState {
            val facts = client.ownRecord(worker, Language.Indonesian)
            return DetailUiState(client.worker(worker), facts, emptyList(), client.conflicts().filter { it.record == worker }, emptyList<Attachment>(), emptyList())
        }
        val typed = mapOf("nik" to FieldValue.Text("3302245505909301")) + person(9301, "Suwarti") - "income"
        val form = RegisterUiState(ready = true, fields = typed, job = occupationOf("penderes_kelapa"), consent = consentNow(Language.Indonesian))
        val actions = RegisterActions(photograph = {})
        val conflict = client.conflicts().first().let { one -> one.copy(conflict = one.conflict.copy(candidates = one.conflict.candidates.map { it.copy(`when` = FIXED) })) }
        val exchange = ExchangeUiState(counts, client.photoRoom(), FIXED)
        val query = WorkerQuery(null, null, null, emptyList(), listOf(Phase.Returned), null, null, 10uL)
        val all = mutableListOf<Pair<String, @Composable () -> Unit>>()

        fun screen(
            name: String,
            content: @Composable () -> Unit,
        ) {
            all += name to content
        }
        screen("selamat-datang") { WelcomeScreen() }
        screen("pin") { LockScreen() }
        screen("masuk") { JoinScreen() }
        screen("beranda") { HomeScreen(home, false, go) }
        screen("beranda-kosong") { HomeScreen(home.copy(numbers = coverage.total.copy(counts = coverage.total.counts.copy(registered = 0u, covered = 0u, lapsing = 0u, arrears = 0u)), drafts = emptyList(), returned = 0, conflicts = 0, saved = 0, received = 0, tiles = emptyList()), false, go) }
        screen("beranda-hp-penuh") { HomeScreen(home.copy(leaseDays = 3, unsentDays = 4), true, go) }
        screen("sewa-habis") { HomeScreen(home.copy(leaseDays = 0), false, go) }
        screen("warga") { WorkersScreen(WorkersUiState(rows = rows, total = rows.size.toLong(), read = true), {}, {}, {}, go) }
        screen("warga-kosong") { WorkersScreen(WorkersUiState(read = true), {}, {}, {}, go) }
        screen("warga-tidak-ketemu") { WorkersScreen(WorkersUiState(typed = "zzz", filter = WorkerFilter.ALL, read = true, total = 7), {}, {}, {}, go) }
        val nik = runCatching { client.checkNik("3302245505909399", null) }.getOrNull()
        screen("daftar-1-nik") { RegisterScreen(form.copy(fields = typed + ("nik" to FieldValue.Text("3302245505909399")), nik = nik), actions) }
        val known = client.checkNik("3302241505909301", null)
        screen("daftar-1-nik-sudah-ada") { RegisterScreen(form.copy(fields = typed + ("nik" to FieldValue.Text("3302241505909301")), nik = known, same = rows.first { it.id == workers[0] }), actions) }
        screen("daftar-1-nik-salah") { RegisterScreen(form.copy(fields = mapOf("nik" to FieldValue.Text("330224550590")), wrong = listOf(FieldError("nik", "nik_length"))), actions) }
        screen("daftar-2-nama") { RegisterScreen(form.copy(step = Step.NAME, wrong = listOf(FieldError("birth.date", "age_65"))), actions) }
        screen("daftar-3-alamat") { RegisterScreen(form.copy(step = Step.ADDRESS), actions) }
        screen("daftar-4-pekerjaan") { RegisterScreen(form.copy(step = Step.WORK, job = null, jobs = occupations("nder", 3u), fields = typed + ("form.job" to FieldValue.Text("nder")) - "occupations.first"), actions) }
        screen("daftar-5-perlindungan") { RegisterScreen(form.copy(step = Step.COVER, fields = typed + ("cover.payer" to FieldValue.Text("self"))), actions) }
        screen("daftar-6-keluarga") { RegisterScreen(form.copy(step = Step.FAMILY), actions) }
        screen("daftar-7-persetujuan") { RegisterScreen(form.copy(step = Step.CONSENT, fields = typed + ("form.signature" to FieldValue.Text("60,200 90,80 150,190 210,70 260,180|300,150 360,140 420,170"))), actions) }
        screen("daftar-8-periksa") { RegisterScreen(form.copy(step = Step.REVIEW), actions) }
        screen("daftar-tidak-tersimpan") { RegisterScreen(form.copy(step = Step.REVIEW, problem = CoreException.NotSaved()), actions) }
        screen("daftar-tersimpan") { DoneScreen({}, {}, {}) }
        screen("detail-terlindungi") { DetailScreen(detail(workers[0]), null, false, go, {}, { _, _ -> }, {}) }
        screen("detail-dikembalikan") { DetailScreen(detail(workers[1]), null, false, go, {}, { _, _ -> }, {}) }
        screen("detail-dikirim-lagi") { DetailScreen(detail(workers[1]), null, true, go, {}, { _, _ -> }, {}) }
        screen("detail-kode-bayar") { DetailScreen(detail(workers[2]), null, false, go, {}, { _, _ -> }, {}) }
        screen("perlu-dibenahi") { NeedsScreen(NeedsUiState(client.workers(query).rows, client.conflicts(), emptyList(), emptyList()), null, go, {}, {}, {}) }
        screen("perlu-dibenahi-beres") { NeedsScreen(NeedsUiState(emptyList(), emptyList(), emptyList(), emptyList()), null, go, {}, {}, {}) }
        screen("beda-data") { ConflictScreen(conflict, membership.official, null, {}, { _, _ -> }) }
        screen("kirim") { ExchangeScreen(exchange, SyncState.Idle, false, null, null, true, ExchangeActions(files = {})) }
        screen("kirim-berjalan") { ExchangeScreen(exchange, SyncState.Sending(31uL, 19uL), true, null, null, true, ExchangeActions(files = {})) }
        screen("kirim-portal") { ExchangeScreen(exchange, SyncState.Idle, false, CoreException.NotConnected(Pause.PORTAL, null), null, true, ExchangeActions(files = {})) }
        screen("kirim-jauh") { ExchangeScreen(exchange, SyncState.Idle, false, CoreException.NotConnected(Pause.UNREACHABLE, null), null, true, ExchangeActions(files = {})) }
        val covered = client.worker(workers[0])
        screen("kartu") { CardScreen(CardUiState(covered, client.card(workers[0])?.copy(text = "", code = code), "24001234567"), null, {}, go, {}, {}) }
        screen("kartu-belum") { CardScreen(CardUiState(client.worker(workers[2]), null, "24001234568"), null, {}, go, null, {}) }
        screen("keliling-mulai") { RoundsScreen(RoundsUiState(null, emptyList()), null, go, {}, { _, _, _ -> }) }
        for ((light, name) in listOf(CardLight.GREEN to "hijau", CardLight.AMBER to "kuning", CardLight.RED to "merah")) {
            val verdict = CardVerdict(light, heading(light), listOf(sentence(light)), emptyList(), emptyList())
            screen("periksa-kartu-$name") { VerifyScreen(verdict, null, {}, {}, {}, {}) }
        }
        screen("periksa-kartu") { VerifyScreen(null, null, {}, {}, {}, {}) }
        val gate = Gate.Open(membership.copy(device = "0198f000-0000-7000-8000-000000000000", about = About.Areas))
        for ((name, place) in listOf("lainnya" to Place.More, "belajar" to Place.Lessons, "klinik" to Place.Clinics, "kritik" to Place.Feedback(), "laporan" to Place.Reports, "impor" to Place.Import, "pos-wifi" to Place.Hub, "pengaturan" to Place.Settings, "tentang" to Place.About)) {
            screen(name) { PlaceScreen(place, gate) }
        }
        return all
    }

    /** A code that is no card's, the same on every day: a card's own text is signed anew each time. */
    private val code =
        CardCode(SIDE.toUInt(), 12u, ByteArray(SIDE * SIDE) { at ->
            val (x, y) = at % SIDE to at / SIDE
            val corner = listOf(0 to 0, SIDE - 7 to 0, 0 to SIDE - 7).map { (left, top) -> maxOf(kotlin.math.abs(x - left - 3), kotlin.math.abs(y - top - 3)) }.min()
            if (corner <= 4) (if (corner == 2 || corner == 4) 0 else 1).toByte() else ((x * 7919 + y * 104_729 + x * y * 31) / 13 % 2).toByte()
        }, "")

    private fun heading(light: CardLight) =
        when (light) {
            CardLight.GREEN -> "TERLINDUNGI"
            CardLight.AMBER -> "TANYAKAN DULU"
            CardLight.RED -> "TIDAK SAH"
        }

    private fun sentence(light: CardLight) =
        when (light) {
            CardLight.GREEN -> "Lunas sampai Oktober 2199."
            CardLight.AMBER -> "Daftar kartu yang ditarik sudah lama. Kirim & terima dulu bila bisa."
            CardLight.RED -> "Kartu ini sudah ditarik."
        }

    private companion object {
        /** 20 November 2026, 18.40. */
        const val FIXED = 1_795_174_800_000L
        const val SIDE = 65
    }
}
