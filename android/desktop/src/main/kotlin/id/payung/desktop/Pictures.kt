package id.payung.desktop

import androidx.compose.runtime.Composable
import androidx.compose.ui.ImageComposeScene
import androidx.compose.ui.unit.Density
import org.jetbrains.skia.EncodedImageFormat
import java.io.File

/** A phone of 360 x 800 dp at two pixels each; `scale` is the person's text size. */
fun draw(
    scale: Float = 1f,
    content: @Composable () -> Unit,
): ByteArray {
    val scene = ImageComposeScene(width = 720, height = 1600, density = Density(2f, scale), content = content)
    try {
        var time = 0L
        // what moves has come to rest, and what is read is there
        repeat(FRAMES) {
            scene.render(time)
            time += FRAME_NANOS
            Thread.sleep(FRAME_PAUSE)
        }
        return checkNotNull(scene.render(time).encodeToData(EncodedImageFormat.PNG)).bytes
    } finally {
        scene.close()
    }
}

private const val FRAMES = 60
private const val FRAME_NANOS = 16_000_000L
private const val FRAME_PAUSE = 8L

/** Draws the screens that need nobody into a folder; the tests draw the others, over the real core. */
fun pictures(folder: File) {
    folder.mkdirs()
    val phone = Phone("gambar", null)
    val place = File(folder, ".phone").also { it.deleteRecursively() }
    val container = container(phone, place)
    File(folder, "selamat-datang.png").writeBytes(draw { id.payung.screens.app.PayungApp(container, Roboto) })
    place.deleteRecursively()
    println(folder.path)
}
