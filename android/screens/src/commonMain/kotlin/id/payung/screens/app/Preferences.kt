package id.payung.screens.app

import androidx.compose.runtime.Immutable
import id.payung.core.Language
import id.payung.words.Words
import id.payung.words.WordsID
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update

/** What a person chose of the look; nothing of anybody. */
@Immutable
data class Chosen(
    val words: Words = WordsID,
    /** None: as the system. */
    val dark: Boolean? = null,
    val contrast: Boolean = false,
    /** Photos wait for a wifi. */
    val photosByWifi: Boolean = true,
)

/** The language as the core names it. */
val Words.spoken: Language
    get() =
        when (language) {
            "en" -> Language.English
            "jv" -> Language.Banyumasan
            else -> Language.Indonesian
        }

/** Keeps it; `keep` writes it where the phone keeps such things. */
class Preferences(
    start: Chosen = Chosen(),
    private val keep: (Chosen) -> Unit = {},
) {
    private val all = MutableStateFlow(start)
    val values: StateFlow<Chosen> get() = all

    fun choose(change: (Chosen) -> Chosen) {
        all.update(change)
        keep(all.value)
    }
}
