import id.payung.core.Client
import id.payung.core.ClientConfig
import id.payung.core.softwareVault
import org.junit.Assert.assertEquals
import org.junit.Test
import java.io.File

/** What a page of 20 rows takes in Kotlin: run by `./dev bench --shell`, which made the phone and times the same page in Rust. */
class PageFigure {
    @Test
    fun page() {
        val folder = requireNotNull(System.getenv("PAYUNG_FIGURE_FOLDER")) { "run ./dev bench --shell" }
        val client = Client(ClientConfig(folder, "1.0.0", "one start"), softwareVault("$folder.vault"))
        client.unlock("482917")
        assertEquals(20, client.search("", null, 20u).rows.size)
        // the virtual machine compiles what is called often
        repeat(2) { median(client) }
        File("$folder.page").writeText("page_us ${median(client) / 1000.0}\n")
    }

    private fun median(client: Client): Long {
        val took = LongArray(5_000) {
            val begin = System.nanoTime()
            client.search("", null, 20u)
            System.nanoTime() - begin
        }
        took.sort()
        return took[took.size / 2]
    }
}
