package id.payung.screens.settings

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.unit.dp
import id.payung.core.CoreException
import id.payung.core.Membership
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.sentence
import id.payung.screens.parts.Choice
import id.payung.screens.parts.Field
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.TickRow
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Typed
import id.payung.screens.parts.Way
import id.payung.screens.parts.Written
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.words.Words
import kotlinx.coroutines.launch

@OptIn(ExperimentalLayoutApi::class)
@Composable
fun SettingsScreen(
    membership: Membership,
    onBack: () -> Unit,
) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val scope = rememberCoroutineScope()
    val chosen by container.preferences.values.collectAsState()
    var changing by rememberSaveable { mutableStateOf(false) }
    var old by remember { mutableStateOf("") }
    var new by remember { mutableStateOf("") }
    var said by remember { mutableStateOf<String?>(null) }
    var problem by remember { mutableStateOf<String?>(null) }
    Screen(words.settingsTitle, onBack) {
        Heading(words.languageTitle)
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            for (one in Words.ALL) Choice(one.languageName, chosen.words === one, { container.preferences.choose { it.copy(words = one) } })
        }
        Text(words.languageNote, style = LocalLetters.current.small)
        Heading(words.lookTitle)
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            Choice(words.lookSystem, chosen.dark == null, { container.preferences.choose { it.copy(dark = null) } })
            Choice(words.lookLight, chosen.dark == false, { container.preferences.choose { it.copy(dark = false) } })
            Choice(words.lookDark, chosen.dark == true, { container.preferences.choose { it.copy(dark = true) } })
        }
        TickRow(words.lookContrast, chosen.contrast, { on -> container.preferences.choose { it.copy(contrast = on) } })
        TickRow(words.photosByWifi, chosen.photosByWifi, { on -> container.preferences.choose { it.copy(photosByWifi = on) } })
        Heading(words.pin)
        said?.let { Note(it, tone = Tone.GOOD, sign = Signs.Tick) }
        problem?.let { Wrong(it) }
        if (changing) {
            Field(words.pinOld, old, { old = it.filter(Char::isDigit).take(DIGITS) }, typed = Typed.PIN)
            Field(words.pinNew, new, { new = it.filter(Char::isDigit).take(DIGITS) }, typed = Typed.PIN, last = true)
            OtherButton(words.pinChange, {
                scope.launch {
                    problem = null
                    try {
                        container.core.ask { it.changePin(old, new) }
                        said = words.pinChanged
                        changing = false
                    } catch (refused: CoreException) {
                        problem = words.sentence(refused)
                    }
                    old = ""
                    new = ""
                }
            }, enabled = old.length == DIGITS && new.length == DIGITS)
        } else {
            OtherButton(words.pinChange, {
                changing = true
                said = null
            }, sign = Signs.Key)
        }
        OtherButton(words.lockNow, {
            scope.launch {
                // what waits is sealed first; a full disk keeps nothing from being locked
                runCatching { container.core.ask { it.lock() } }
                container.gate.look()
            }
        }, sign = Signs.Lock)
        Heading(words.thisPhone)
        Paper {
            Written(words.phoneArea, membership.areaLabel)
            Written(words.phoneNumber, membership.device.takeLast(12))
        }
        Way(words.aboutTitle, null, { container.navigator.go(Place.About) })
    }
}

private const val DIGITS = 6

@Composable
fun AboutScreen(onBack: () -> Unit) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val letters = LocalLetters.current
    val scope = rememberCoroutineScope()
    Screen(words.aboutTitle, onBack) {
        Text(words.aboutWhat, style = letters.body)
        Written(words.version, container.platform.appVersion)
        Heading(words.licences)
        Text(words.licencesWhat, style = letters.body)
        container.platform.sharing?.let { sharing ->
            LinkButton(words.supportBundle, {
                scope.launch { sharing.share("payung-bantuan.json", "application/json", container.core.ask { it.supportBundle() }.toByteArray()) }
            })
            Text(words.supportBundleWhat, style = letters.small)
        }
    }
}
