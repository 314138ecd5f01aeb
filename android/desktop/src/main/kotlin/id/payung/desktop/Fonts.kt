package id.payung.desktop

import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.platform.Font

/** As a phone has it, so that text is as wide here as there. */
val Roboto: FontFamily by lazy {
    fun font(
        name: String,
        weight: FontWeight,
    ) = Font(name, checkNotNull(Phone::class.java.getResourceAsStream("/fonts/$name.ttf")).readBytes(), weight)
    FontFamily(font("Roboto-Regular", FontWeight.Normal), font("Roboto-Medium", FontWeight.Medium), font("Roboto-Bold", FontWeight.Bold))
}
