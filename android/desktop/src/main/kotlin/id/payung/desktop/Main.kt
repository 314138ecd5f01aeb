package id.payung.desktop

import androidx.compose.foundation.background
import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.width
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.input.key.Key
import androidx.compose.ui.input.key.KeyEventType
import androidx.compose.ui.input.key.key
import androidx.compose.ui.input.key.type
import androidx.compose.ui.unit.DpSize
import androidx.compose.ui.unit.dp
import androidx.compose.ui.window.Window
import androidx.compose.ui.window.application
import androidx.compose.ui.window.rememberWindowState
import id.payung.screens.app.AppContainer
import id.payung.screens.app.PayungApp
import id.payung.screens.parts.Umbrella
import id.payung.screens.parts.Way
import id.payung.screens.parts.panels
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.screens.theme.PayungTheme
import java.io.File
import kotlin.system.exitProcess

/** A phone of the window: a name and, until it has joined, the invite that lets it. */
data class Phone(val name: String, val invite: String?)

/** What `./dev app` hands over: `NAME=LINK` a line. */
fun phones(): List<Phone> {
    val invited =
        System.getenv("PAYUNG_INVITES").orEmpty().lines().filter { '=' in it }.map {
            val (name, link) = it.split('=', limit = 2)
            Phone(name, link)
        }
    return invited + Phone("HP kosong", null)
}

fun folder(): File = File(System.getenv("PAYUNG_PHONES") ?: (System.getProperty("user.home") + "/.payung-app"))

fun main(arguments: Array<String>) {
    val at = arguments.indexOf("--pictures")
    if (at >= 0) {
        pictures(File(arguments[at + 1]))
        exitProcess(0)
    }
    application {
        var chosen by remember { mutableStateOf<Phone?>(null) }
        val state = rememberWindowState(size = DpSize(380.dp, 800.dp))
        var container by remember { mutableStateOf<AppContainer?>(null) }
        Window(
            onCloseRequest = {
                container?.core?.facade?.lock()
                exitApplication()
            },
            state = state,
            title = chosen?.let { "Payung · ${it.name}" } ?: "Payung",
            onPreviewKeyEvent = { event ->
                // the phone's back
                event.key == Key.Escape && event.type == KeyEventType.KeyDown && container?.navigator?.back() == true
            },
        ) {
            val phone = chosen
            if (phone == null) {
                Chooser { chosen = it }
            } else {
                val opened = remember(phone) { container(phone, folder()) }
                DisposableEffect(opened) {
                    container = opened
                    onDispose { opened.core.facade.lock() }
                }
                PayungApp(opened, Roboto, isSystemInDarkTheme())
            }
        }
    }
}

/** Which phone to be: the demo's officials, or one that knows nobody. */
@Composable
private fun Chooser(onChoose: (Phone) -> Unit) {
    PayungTheme(font = Roboto) {
        Column(
            Modifier.fillMaxSize().background(LocalColours.current.ground).padding(20.dp),
            verticalArrangement = Arrangement.spacedBy(12.dp),
        ) {
            Umbrella(panels(1, 0, 0), LocalWords.current.appName, Modifier.width(160.dp).align(Alignment.CenterHorizontally))
            Text("HP siapa?", style = LocalLetters.current.headline)
            for (phone in phones()) {
                val there = File(folder(), phone.file()).exists()
                Way(phone.name, if (phone.invite == null) "Belum kenal siapa-siapa" else if (there) "Sudah masuk" else "Undangan siap", { onChoose(phone) })
            }
            Spacer(Modifier.size(8.dp))
        }
    }
}

fun Phone.file(): String = name.lowercase().replace(Regex("[^a-z0-9]+"), "-")
