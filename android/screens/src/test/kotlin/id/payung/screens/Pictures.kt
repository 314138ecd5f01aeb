package id.payung.screens

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.ui.ImageComposeScene
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.Density
import androidx.lifecycle.viewmodel.compose.LocalViewModelStoreOwner
import id.payung.screens.app.AppContainer
import id.payung.screens.app.Entry
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.PayungTheme
import id.payung.words.Words
import id.payung.words.WordsID
import org.jetbrains.skia.EncodedImageFormat
import java.awt.image.BufferedImage
import java.awt.image.IndexColorModel
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.File
import javax.imageio.ImageIO
import kotlin.math.abs

/** How a screen is looked at. */
enum class View(val mark: String, val dark: Boolean = false, val scale: Float = 1f, val contrast: Boolean = false) {
    LIGHT(""),
    DARK("-gelap", dark = true),
    LARGE("-200", scale = 2f),
}

private const val WIDTH = 540
private const val HEIGHT = 1200
private const val DENSITY = 1.5f

/** Draws a screen of 360 x 800 dp. */
fun draw(
    container: AppContainer,
    view: View = View.LIGHT,
    words: Words = WordsID,
    height: Int = HEIGHT,
    content: @Composable () -> Unit,
): BufferedImage {
    val scene =
        ImageComposeScene(width = WIDTH, height = height, density = Density(DENSITY, view.scale)) {
            PayungTheme(dark = view.dark, contrast = view.contrast, words = words, font = Roboto) {
                CompositionLocalProvider(LocalContainer provides container, LocalViewModelStoreOwner provides Entry(Place.Home)) {
                    Box(Modifier.fillMaxSize().background(LocalColours.current.ground)) { content() }
                }
            }
        }
    try {
        var time = 0L
        // what is read is there and what moves has come to rest
        repeat(24) {
            scene.render(time)
            time += 16_000_000L
            Thread.sleep(4)
        }
        val png = checkNotNull(scene.render(time).encodeToData(EncodedImageFormat.PNG)).bytes
        return ImageIO.read(ByteArrayInputStream(png))
    } finally {
        scene.close()
    }
}

/** In 16 colours, four bits a point, so that a picture of a screen has some 20 KB. */
fun small(picture: BufferedImage): ByteArray {
    val counts = HashMap<Int, Int>()
    for (y in 0 until picture.height) for (x in 0 until picture.width) counts.merge(picture.getRGB(x, y) or (0xff shl 24), 1, Int::plus)
    val colours = counts.entries.sortedByDescending { it.value }.take(16).map { it.key }

    fun part(
        colour: Int,
        shift: Int,
    ) = colour shr shift and 0xff
    val parts = listOf(16, 8, 0).map { shift -> ByteArray(colours.size) { part(colours[it], shift).toByte() } }
    val model = IndexColorModel(4, colours.size, parts[0], parts[1], parts[2])
    val indexed = BufferedImage(picture.width, picture.height, BufferedImage.TYPE_BYTE_BINARY, model)
    val nearest = HashMap<Int, Int>()
    for (y in 0 until picture.height) {
        for (x in 0 until picture.width) {
            val colour = picture.getRGB(x, y)
            val at = nearest.getOrPut(colour) { colours.indices.minBy { i -> listOf(16, 8, 0).sumOf { abs(part(colours[i], it) - part(colour, it)) } } }
            indexed.raster.setSample(x, y, 0, at)
        }
    }
    return ByteArrayOutputStream().also { ImageIO.write(indexed, "png", it) }.toByteArray()
}

/** The share of points that differ visibly. */
fun difference(
    one: BufferedImage,
    other: BufferedImage,
): Double {
    if (one.width != other.width || one.height != other.height) return 1.0
    var differing = 0
    for (y in 0 until one.height) {
        for (x in 0 until one.width) {
            val (a, b) = one.getRGB(x, y) to other.getRGB(x, y)
            if (listOf(16, 8, 0).any { abs((a shr it and 0xff) - (b shr it and 0xff)) > 48 }) differing++
        }
    }
    return differing / (one.width * one.height).toDouble()
}

/** The stored pictures: compared with what is drawn now; `PAYUNG_BLESS=1` stores what is drawn. */
class Album(private val folder: File = File(env("PAYUNG_PICTURES"))) {
    private val bless = System.getenv("PAYUNG_BLESS") == "1"
    private val wrong = mutableListOf<String>()

    fun compare(
        name: String,
        picture: BufferedImage,
    ) {
        val file = File(folder, "$name.png")
        val now = small(picture)
        if (now.size > MOST_BYTES) wrong += "$name has ${now.size} bytes, more than $MOST_BYTES"
        if (bless) {
            folder.mkdirs()
            file.writeBytes(now)
            return
        }
        // what differs is beside the build, to be looked at
        val fresh = File(env("PAYUNG_PHONES"), "../pictures/$name.png").also { it.parentFile.mkdirs() }
        when {
            !file.exists() -> {
                fresh.writeBytes(now)
                wrong += "$name is not stored"
            }
            else -> {
                val share = difference(ImageIO.read(file), ImageIO.read(ByteArrayInputStream(now)))
                if (share > MOST_DIFFERING) {
                    fresh.writeBytes(now)
                    wrong += "$name differs in %.2f %% of its points".format(share * 100)
                }
            }
        }
    }

    fun close() = check(wrong.isEmpty()) { wrong.joinToString("\n") + "\nLook at them, then PAYUNG_BLESS=1 ./dev test app stores them." }

    private companion object {
        const val MOST_BYTES = 40_000
        const val MOST_DIFFERING = 0.004
    }
}
