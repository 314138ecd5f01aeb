package id.payung.screens.theme

import androidx.compose.material3.LocalContentColor
import androidx.compose.material3.LocalTextStyle
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.Immutable
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp
import id.payung.words.Words
import id.payung.words.WordsID

/** Text by what it is for. Digits are as wide as each other, so that columns stand. */
@Immutable
data class Letters(
    val headline: TextStyle,
    val title: TextStyle,
    val strong: TextStyle,
    val body: TextStyle,
    val small: TextStyle,
    val button: TextStyle,
    val number: TextStyle,
)

private fun letters(family: FontFamily): Letters {
    val base = TextStyle(fontFamily = family, fontFeatureSettings = "tnum")
    return Letters(
        headline = base.copy(fontSize = 25.sp, lineHeight = 31.sp, fontWeight = FontWeight.Bold),
        title = base.copy(fontSize = 20.sp, lineHeight = 26.sp, fontWeight = FontWeight.Bold),
        strong = base.copy(fontSize = 17.sp, lineHeight = 23.sp, fontWeight = FontWeight.Bold),
        body = base.copy(fontSize = 16.sp, lineHeight = 23.sp),
        small = base.copy(fontSize = 15.sp, lineHeight = 21.sp),
        button = base.copy(fontSize = 18.sp, lineHeight = 23.sp, fontWeight = FontWeight.Medium),
        number = base.copy(fontSize = 21.sp, lineHeight = 28.sp, fontWeight = FontWeight.Medium),
    )
}

val LocalLetters = staticCompositionLocalOf { letters(FontFamily.Default) }
val LocalWords = staticCompositionLocalOf<Words> { WordsID }

/** What stands around every screen. */
object Look {
    val corner = 16.dp
    val target = 48.dp
    val button = 60.dp
    val side = 20.dp
}

/** Payung's own look. `font` is the system's; the window and the pictures hand over the same as a file. */
@Composable
fun PayungTheme(
    dark: Boolean = false,
    contrast: Boolean = false,
    words: Words = WordsID,
    font: FontFamily = FontFamily.Default,
    content: @Composable () -> Unit,
) {
    val plain = if (dark) DarkColours else LightColours
    val colours = if (contrast) plain.highContrast() else plain
    val letters = letters(font)
    val scheme = if (dark) darkColorScheme() else lightColorScheme()
    val material =
        scheme.copy(
            primary = colours.nila,
            onPrimary = colours.onNila,
            background = colours.ground,
            onBackground = colours.ink,
            surface = colours.card,
            onSurface = colours.ink,
            onSurfaceVariant = colours.mute,
            outline = colours.edge,
            outlineVariant = colours.line,
            error = colours.bata,
            surfaceContainer = colours.card,
            surfaceContainerHigh = colours.card,
        )
    MaterialTheme(colorScheme = material) {
        CompositionLocalProvider(
            LocalColours provides colours,
            LocalLetters provides letters,
            LocalWords provides words,
            LocalTextStyle provides letters.body,
            LocalContentColor provides colours.ink,
            content = content,
        )
    }
}
