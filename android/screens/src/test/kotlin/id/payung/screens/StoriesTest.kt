package id.payung.screens

import id.payung.core.FieldValue
import id.payung.core.Language
import id.payung.screens.app.Camera
import id.payung.screens.app.CodeReader
import id.payung.screens.app.Place
import id.payung.screens.app.Platform
import id.payung.screens.app.ReadCode
import id.payung.screens.app.spoken
import id.payung.words.WordsEN
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** What officials, workers and clinics do, through the screens, over the real core and a real server. */
class StoriesTest {
    @Test
    fun `killed at each step, the form goes on where it was`() {
        val rt = "33.02.24.1004.001.001"
        var container = joined("mati", rt)
        show(container) {
            touch("Daftarkan warga")
            types("NIK", "3302245505909120")
            sees("Susunan angka benar")
        }
        val steps =
            listOf<suspend Person.() -> Unit>(
                { touch("Lanjut") },
                {
                    types("Nama seperti di KTP", "Tarsinem")
                    types("Tempat lahir", "Banyumas")
                    types("Nama ibu kandung", "Suparti")
                    touch("Lanjut")
                },
                {
                    types("Jalan, gang, nomor rumah", "Gang Mawar 2")
                    touch("Lanjut")
                },
                {
                    types("Pekerjaan", "nder")
                    touch("Penderes nira kelapa")
                    touch("1,5 juta")
                    touch("Lanjut")
                },
                { touch("Lanjut") },
                {
                    types("Nama ahli waris", "Turah")
                    touch("Anak")
                    touch("Lanjut")
                },
                {
                    touch("Bekerja mandiri, bukan karyawan")
                    touch("Sehat dan masih bekerja")
                    touch("Sudah dibacakan, dan warga setuju")
                    touch("Lanjut")
                },
            )
        for ((at, step) in steps.withIndex()) {
            // another process opens what the killed one left: nothing was closed in an orderly way
            container.core.facade.destroy()
            container = joined("mati", rt)
            show(container) {
                touch("Lanjutkan")
                if (at < 7) sees("${at + 1} dari 7")
                step()
                sees(if (at < 6) "${at + 2} dari 7" else "Periksa lagi")
            }
        }
        container.core.facade.destroy()
        container = joined("mati", rt)
        show(container) {
            touch("Lanjutkan")
            sees("TARSINEM")
            sees("Gang Mawar 2")
            touch("Simpan pendaftaran")
            sees("Tersimpan di HP ini")
        }
        assertEquals(1uL, joined("mati", rt).core.facade.counts().workers)
    }

    @Test
    fun `bad NIK, old person and what is not filled in are said where they are, and nothing typed is lost`() {
        show(joined("salah", "33.02.24.1004.001.002")) {
            touch("Daftarkan warga")
            types("NIK", "33022455")
            touch("Lanjut")
            sees("NIK harus 16 angka")
            types("NIK", "3302245505909121")
            sees("Susunan angka benar")
            touch("Lanjut")
            touch("Lanjut")
            sees("Harus diisi")
            types("Nama seperti di KTP", "Kartareja")
            types("Tempat lahir", "Banyumas")
            types("Tanggal lahir", "15051950")
            types("Nama ibu kandung", "Suparti")
            touch("Lanjut")
            sees("Sudah 65 tahun ke atas")
            sees("Kartareja")
            types("Tanggal lahir", "15051990")
            touch("Lanjut")
            sees("3 dari 7")
        }
    }

    @Test
    fun `who is on this phone already is shown, who is registered in another RT is warned of`() {
        val here = joined("dobel", "33.02.24.1004.001.003")
        val there = joined("dobel-lain", "33.02.24.1004.001.004")
        there.register(9122, "Wagino")
        there.core.facade.sync(true, null)
        office("reference", "filters")
        here.core.facade.sync(true, null)
        here.register(9123, "Wasinah")
        show(here) {
            touch("Daftarkan warga")
            types("NIK", "3302241505909123")
            sees("NIK ini sudah ada di HP ini")
            sees("Wasinah. Orang yang sama?")
            types("NIK", "3302241505909122")
            sees("mungkin sudah didaftarkan RT lain")
            types("NIK", "3302241505909199")
            seesNot("mungkin sudah didaftarkan RT lain")
        }
    }

    @Test
    fun `two writings of the mother's name are shown side by side and one is chosen with the paper seen`() {
        val rt = "33.02.24.1004.001.005"
        val one = joined("beda", rt)
        val other = joined("beda-lain", rt)
        val worker = one.register(9124, "Suwarti")
        one.core.facade.sync(true, null)
        other.core.facade.sync(true, null)
        for ((container, name) in listOf(one to "SARIYAH", other to "SARIPAH")) {
            val form = container.core.facade.openForm(worker)
            container.core.facade.typeField(form.id, "mother_name", FieldValue.Text(name))
            container.core.facade.saveForm(form.id)
        }
        one.core.facade.sync(true, null)
        other.core.facade.sync(true, null)
        show(other) {
            touch("1 perlu dibenahi")
            touch("Suwarti")
            sees("SARIYAH")
            sees("SARIPAH")
            touch("Saya sudah melihat KK/akta")
            touch("Pakai ini")
            sees("Semua beres")
        }
        other.core.facade.unlock(PIN)
        other.core.facade.sync(true, null)
        assertEquals(0uL, other.core.facade.counts().conflicts)
    }

    @Test
    fun `returned by the office, corrected and sent again`() {
        val container = joined("kembali", "33.02.24.1004.001.006")
        container.register(9125, "Tukiman")
        container.core.facade.sync(true, null)
        val enrollment = container.core.facade.worker(container.core.facade.search("", null, 1u).rows.single().id).enrollments.single().record.id
        office("return", enrollment, "--code", "name_mismatch")
        container.core.facade.sync(true, null)
        show(container) {
            sees("1 perlu dibenahi")
            touch("1 perlu dibenahi")
            touch("Tukiman")
            sees("Nama berbeda")
            touch("Benahi datanya")
            types("Nama seperti di KTP", "Tukiman Raharjo")
            repeat(4) { touch("Lanjut") }
            sees("330224 150590 9125")
            touch("Simpan perubahan")
            sees("Tukiman Raharjo")
            touch("Kirim lagi")
            sees("Diterima kantor")
        }
        container.core.facade.unlock(PIN)
        container.core.facade.sync(true, null)
        assertTrue(office("show", enrollment).contains("\"status\":\"received\""))
    }

    @Test
    fun `a round of ten doors, one touch each, and what is left for tomorrow`() {
        val container = joined("keliling", "33.02.24.1004.001.007")
        show(container) {
            touch("Keliling")
            touch("Mulai keliling")
            sees("Pintu ini")
            val before = touches
            repeat(10) { at ->
                types("Pintu yang mana", "Rumah ${at + 1}")
                touch(if (at % 2 == 0) "Tidak ada orang" else "Sudah peserta")
                sees("Terakhir: Rumah ${at + 1}")
            }
            // the field and the outcome: two touches a door
            assertEquals(20, touches - before)
            sees("Besok mulai dari sini")
        }
        container.core.facade.unlock(PIN)
        val round = container.core.facade.rounds(null).single()
        assertEquals(10uL, container.core.facade.round(round.id).progress.doors)
    }

    @Test
    fun `an accident is reported offline, without camera and place, and the office's answer is read`() {
        val container = joined("celaka", "33.02.24.1004.001.008", Platform(camera = Camera { null }))
        container.register(9126, "Kasminah")
        container.core.facade.sync(true, null)
        show(container) {
            touch("Lainnya")
            touch("Lapor kecelakaan")
            touch("Simpan dan kirim")
            sees("Harus diisi")
            types("Siapa", "Kasmi")
            touch("Kasminah")
            types("Jam kejadian", "6.30")
            types("Di mana", "Kebun kelapa")
            types("Apa yang terjadi, apa yang sakit", "Jatuh dari pohon")
            touch("Simpan dan kirim")
            sees("Tersimpan di HP ini")
            touch("Lihat laporannya")
            sees("Jatuh dari pohon")
        }
        container.core.facade.unlock(PIN)
        container.core.facade.sync(true, null)
        val report = container.core.facade.reports(null, false, null, 5u).single().record.id
        office("answer", report, "--state", "answered", "--text", "Klinik sudah dihubungi.")
        container.core.facade.sync(true, null)
        show(container) {
            // the phone was locked on the report, and opens there again
            sees("Jatuh dari pohon")
            sees("06.30")
            sees("Klinik sudah dihubungi.")
        }
    }

    @Test
    fun `feedback is written and asks for nobody`() {
        val container = joined("kritik", "33.02.24.1004.001.009")
        show(container) {
            touch("Lainnya")
            touch("Kritik & masukan")
            touch("Saran")
            types("Ceritakan dengan kata-kata sendiri", "Huruf di slip terlalu kecil.")
            touch("Simpan dan kirim")
            sees("Kantor menjawab")
        }
        container.core.facade.unlock(PIN)
        container.core.facade.sync(true, null)
        assertTrue(office("reports").contains("Huruf di slip"))
    }

    @Test
    fun `locked by hand, wrong PIN told with what is left, opened again`() {
        show(joined("kunci", "33.02.24.1004.001.010")) {
            touch("Lainnya")
            touch("Pengaturan")
            touch("Kunci sekarang")
            sees("HP terkunci")
            pin("111213")
            sees("PIN salah")
            pin()
            sees("Pengaturan")
        }
    }

    @Test
    fun `left alone it locks itself`() {
        val container = phone("diam", idleSeconds = 2u)
        container.core.facade.setPin(PIN)
        container.core.facade.join(invite("Petugas Diam", "33.02.24.1004.001.011"), null)
        show(container) {
            sees("Daftarkan warga")
            sees("HP terkunci", 30)
        }
    }

    @Test
    fun `another language is chosen and everything is said in it`() {
        val container = joined("bahasa", "33.02.24.1004.001.012")
        show(container) {
            touch("Lainnya")
            touch("Pengaturan")
            touch("English")
            sees("Settings")
            touch("Basa Banyumasan")
            sees("belum ditinjau penutur")
            touch("Bahasa Indonesia")
            sees("Pengaturan")
        }
        assertEquals(Language.English, WordsEN.spoken)
    }

    @Test
    fun `a code that is not ours is said so, and a denied camera leaves the link`() {
        var read: ReadCode = ReadCode.Text("https://example.org")
        val container = phone("pindai", Platform(codes = CodeReader { read }))
        container.core.facade.setPin(PIN)
        show(container) {
            touch("Pindai kode")
            sees("bukan dari Payung")
            read = ReadCode.Denied
            touch("Pindai kode")
            sees("Kamera tidak diizinkan")
            read = ReadCode.Text(env("PAYUNG_INVITE_WARTI"))
            touch("Pindai kode")
            sees("Daftarkan warga", 20)
        }
    }

    @Test
    fun `without a network everything is kept and said, and goes once there is one`() {
        val container = joined("pesawat", "33.02.24.1004.001.013")
        container.register(9127, "Rokhmat")
        val dead = java.net.ServerSocket(0).use { it.localPort }
        // the road is down: nothing answers there
        runCatching { container.core.facade.sync(true, "http://127.0.0.1:$dead") }
        show(container) {
            touch("Kirim & terima")
            sees("Tersimpan di HP ini")
            touch("Kirim sekarang")
            sees("Selesai: ", 30)
        }
        assertTrue(office("workers").contains("ROKHMAT"))
    }

    @Test
    fun `worker's own phone gets the card by claim code and nobody else's`() {
        val official = joined("klaim", "33.02.24.1004.001.014")
        val worker = official.register(9128, "Sri Rahayu")
        official.core.facade.sync(true, null)
        val claim = office("claim-code", worker, "--server", env("PAYUNG_SERVER"))

        fun said(name: String) = Regex("\"$name\":\"([^\"]+)\"").find(claim)!!.groupValues[1]
        val own = phone("pekerja")
        show(own) {
            touch("Pekerja")
            pin()
            pin()
            sees("Ambil kartu Anda")
            types("Kode klaim", said("code"))
            types("Alamat kantor (payung://server/…)", said("server"))
            touch("Masuk")
            sees("BELUM TERLINDUNGI", 20)
            sees("SRI RAHAYU")
        }
        assertEquals(listOf(Place.Home), own.navigator.places)
    }
}
