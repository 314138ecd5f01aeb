package id.payung.screens.theme

import androidx.compose.runtime.Immutable
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.graphics.Color

/** The colours by what they mean; text on its ground has a contrast of 4.5:1 or more. */
@Immutable
data class Colours(
    /** Primary, waiting. */
    val nila: Color,
    val nilaTint: Color,
    val onNila: Color,
    /** Covered, done. */
    val daun: Color,
    val daunTint: Color,
    val daunText: Color,
    /** Attention. */
    val kunyit: Color,
    val kunyitTint: Color,
    val kunyitText: Color,
    /** Returned, ended, lost. */
    val bata: Color,
    val bataTint: Color,
    val bataText: Color,
    val ink: Color,
    val mute: Color,
    /** Borders of fields, dashes. */
    val edge: Color,
    /** Borders of cards. */
    val line: Color,
    val ground: Color,
    val card: Color,
    val dark: Boolean,
)

val LightColours =
    Colours(
        nila = Color(0xFF213C78),
        nilaTint = Color(0xFFE4EAF6),
        onNila = Color.White,
        daun = Color(0xFF1B7A4B),
        daunTint = Color(0xFFDFF2E7),
        daunText = Color(0xFF0F5A35),
        kunyit = Color(0xFFE3A008),
        kunyitTint = Color(0xFFFCF1D6),
        kunyitText = Color(0xFF6B4A00),
        bata = Color(0xFFB3362B),
        bataTint = Color(0xFFFBE6E3),
        bataText = Color(0xFF8E231A),
        ink = Color(0xFF17202E),
        mute = Color(0xFF566276),
        edge = Color(0xFF7A879B),
        line = Color(0xFFD9DFE8),
        ground = Color(0xFFF5F7FA),
        card = Color.White,
        dark = false,
    )

val DarkColours =
    Colours(
        nila = Color(0xFFA9BDF0),
        nilaTint = Color(0xFF24304A),
        onNila = Color(0xFF0E1B3A),
        daun = Color(0xFF6FCF9B),
        daunTint = Color(0xFF173527),
        daunText = Color(0xFF8FE0B4),
        kunyit = Color(0xFFF0BC42),
        kunyitTint = Color(0xFF3A2E12),
        kunyitText = Color(0xFFF5D07A),
        bata = Color(0xFFF2988F),
        bataTint = Color(0xFF40211E),
        bataText = Color(0xFFF7B5AE),
        ink = Color(0xFFE8EDF5),
        mute = Color(0xFFA9B4C6),
        edge = Color(0xFF8794AA),
        line = Color(0xFF2F3A4E),
        ground = Color(0xFF10161F),
        card = Color(0xFF1A2230),
        dark = true,
    )

/** For the sun, and for eyes that need it: black on white, every border drawn. */
fun Colours.highContrast(): Colours =
    if (dark) {
        copy(ink = Color.White, mute = Color(0xFFDDE4EF), edge = Color.White, line = Color(0xFFB8C4D8), ground = Color.Black, card = Color.Black)
    } else {
        copy(ink = Color.Black, mute = Color(0xFF303A49), edge = Color.Black, line = Color(0xFF4A5568), ground = Color.White, nila = Color(0xFF10245A))
    }

val LocalColours = staticCompositionLocalOf { LightColours }
