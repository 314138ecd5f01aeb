package id.payung.screens

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** From the first start to a registered worker, as an official does it. */
class RegisterTest {
    @Test
    fun `first start, joining by the invite's link, and a complete registration that another phone sees`() {
        val container = phone("darmo")
        show(container) {
            touch("Petugas RT/RW")
            pin("123456")
            pin("123456")
            sees("mudah ditebak")
            pin()
            pin("640276")
            sees("PIN tidak sama")
            pin()
            pin()
            sees("Masuk sebagai petugas")
            types("Tautan undangan", "https://example.org/bukan-undangan")
            touch("Masuk")
            sees("tidak dikenali")
            types("Tautan undangan", env("PAYUNG_INVITE_DARMO"))
            touch("Masuk")
            sees("Belum ada warga terdata")
            fillsIn(9101, "Kasminah Karangan")
            touch("Simpan pendaftaran")
            sees("Tersimpan di HP ini")
            sees("Belum terlindungi")
            touch("Ke beranda")
            sees("0 dari 1 terlindungi")
            touch("Kirim & terima")
            touch("Kirim sekarang")
            sees("Selesai: ", 30)
        }
        assertTrue(office("workers").contains("KASMINAH KARANGAN"))
    }
}

/** Every page of a registration, typed as from a KTP. */
suspend fun Person.fillsIn(
    serial: Int,
    name: String,
) {
    touch("Daftarkan warga")
    types("NIK", "330224550590$serial")
    sees("Susunan angka benar")
    touch("Lanjut")
    types("Nama seperti di KTP", name)
    types("Tempat lahir", "Banyumas")
    types("Nama ibu kandung", "Suparti Karangan")
    touch("Lanjut")
    types("Jalan, gang, nomor rumah", "Gang Melati 9")
    touch("Lanjut")
    types("Pekerjaan", "nder")
    touch("Penderes nira kelapa")
    touch("1,5 juta")
    touch("Lanjut")
    touch("3 bulan")
    touch("Lanjut")
    types("Nama ahli waris", "Turah Karangan")
    touch("Anak")
    touch("Lanjut")
    touch("Bekerja mandiri, bukan karyawan")
    touch("Sehat dan masih bekerja")
    touch("Sudah dibacakan, dan warga setuju")
    touch("Lanjut")
    sees("Periksa lagi")
}
