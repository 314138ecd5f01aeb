package id.payung.screens.app

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.selectable
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.input.pointer.PointerEventPass
import androidx.compose.ui.input.pointer.pointerInput
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewmodel.compose.LocalViewModelStoreOwner
import id.payung.client.CoreClient
import id.payung.core.LockState
import id.payung.screens.lock.JoinScreen
import id.payung.screens.lock.LockScreen
import id.payung.screens.lock.WelcomeScreen
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Sign
import id.payung.screens.parts.Signs
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.screens.theme.PayungTheme
import kotlinx.coroutines.delay

/** Everything that lives as long as the app: no other wiring there is. */
class AppContainer(
    val core: CoreClient,
    val platform: Platform,
    val preferences: Preferences,
    /** An invite that is at hand already, to be joined by. */
    val invite: String? = null,
) {
    val navigator = Navigator()
    val gate = GateModel(core)
}

val LocalContainer = staticCompositionLocalOf<AppContainer> { error("no container") }

/** The whole app, on a phone as in a window. */
@Composable
fun PayungApp(
    container: AppContainer,
    font: FontFamily = FontFamily.Default,
    systemDark: Boolean = false,
) {
    val chosen by container.preferences.values.collectAsState()
    val gate by container.gate.state.collectAsState()
    LaunchedEffect(container) {
        while (true) {
            container.gate.look()
            delay(5_000)
        }
    }
    PayungTheme(dark = chosen.dark ?: systemDark, contrast = chosen.contrast, words = chosen.words, font = font) {
        CompositionLocalProvider(LocalContainer provides container) {
            Box(
                Modifier.fillMaxSize().background(LocalColours.current.ground).pointerInput(Unit) {
                    awaitPointerEventScope {
                        while (true) {
                            awaitPointerEvent(PointerEventPass.Initial)
                            container.core.facade.touched()
                        }
                    }
                },
            ) {
                when (val now = gate) {
                    null -> Busy(LocalWords.current.opening, Modifier.align(Alignment.Center))
                    is Gate.Fresh -> WelcomeScreen()
                    is Gate.Locked -> LockScreen()
                    is Gate.NotJoined -> JoinScreen()
                    is Gate.Open -> Main(now)
                }
            }
        }
    }
}

@Composable
private fun Main(gate: Gate.Open) {
    val navigator = LocalContainer.current.navigator
    val entry = navigator.here
    CompositionLocalProvider(LocalViewModelStoreOwner provides entry) {
        Column(Modifier.fillMaxSize()) {
            Box(Modifier.weight(1f)) { PlaceScreen(entry.place, gate) }
            if (entry.place.isRoot && gate.isOfficial) BottomBar(entry.place, navigator::go)
        }
    }
}

@Composable
private fun BottomBar(
    here: Place,
    go: (Place) -> Unit,
) {
    val colours = LocalColours.current
    val words = LocalWords.current
    Column(Modifier.fillMaxWidth().background(colours.card)) {
        Box(Modifier.fillMaxWidth().heightIn(min = 1.dp, max = 1.dp).background(colours.line))
        Row(Modifier.fillMaxWidth()) {
            Tab(words.home, Signs.Umbrella, here is Place.Home, Modifier.weight(1f)) { go(Place.Home) }
            Tab(words.workers, Signs.People, here is Place.Workers, Modifier.weight(1f)) { go(Place.Workers()) }
            Tab(words.rounds, Signs.House, here is Place.Rounds, Modifier.weight(1f)) { go(Place.Rounds) }
            Tab(words.more, Signs.Lines, here is Place.More, Modifier.weight(1f)) { go(Place.More) }
        }
    }
}

@Composable
private fun Tab(
    words: String,
    sign: ImageVector,
    on: Boolean,
    modifier: Modifier,
    onClick: () -> Unit,
) {
    val colours = LocalColours.current
    val colour = if (on) colours.nila else colours.mute
    Column(
        modifier.heightIn(min = 64.dp).selectable(selected = on, role = Role.Tab, onClick = onClick).padding(vertical = 8.dp),
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        Sign(sign, colour, size = 26.dp)
        Text(
            words,
            style = LocalLetters.current.small,
            color = colour,
            fontWeight = if (on) FontWeight.Bold else FontWeight.Normal,
            maxLines = 1,
        )
    }
}
