package id.payung.screens.exchange

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewModelScope
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.Counts
import id.payung.core.CoreException
import id.payung.core.Pause
import id.payung.core.PhotoRoom
import id.payung.core.SyncReport
import id.payung.core.SyncState
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.NetworkKind
import id.payung.screens.app.Place
import id.payung.screens.app.Platform
import id.payung.screens.app.Preferences
import id.payung.screens.app.clock
import id.payung.screens.app.sentence
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Fact
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Sign
import id.payung.screens.parts.Signs
import id.payung.screens.parts.TickRow
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.stateIn

/** What waits and where it is. */
data class ExchangeUiState(
    val counts: Counts,
    val room: PhotoRoom,
    val lastMs: Long?,
)

class ExchangeViewModel(
    core: CoreClient,
    private val platform: Platform,
    private val preferences: Preferences,
) : CoreModel(core) {
    val state = read { ExchangeUiState(it.counts(), it.photoRoom(), it.lastSuccessMs()) }
    val exchange: StateFlow<SyncState> = core.exchange.stateIn(viewModelScope, SharingStarted.WhileSubscribed(5_000), SyncState.Idle)
    private val ended = MutableStateFlow<SyncReport?>(null)
    val last: StateFlow<SyncReport?> get() = ended

    /** Everything that waits, the photos last: the records never wait for them. */
    fun send() =
        perform {
            val report = core.ask { it.sync(true, null) }
            ended.value = report
            val wifi = platform.network.kind() == NetworkKind.ANY || !preferences.values.value.photosByWifi
            core.ask { it.sendPhotos(wifi, true, null) }
        }

    fun pause() = core.facade.interrupt()

    /** The sealed bundles as files, to be brought to the office. */
    fun asFiles() =
        perform {
            core.ask { it.sealOutbox() }
            val files = core.ask { it.outboxFiles() }
            for (file in files) {
                val bytes = core.ask { java.io.File(file).readBytes() }
                platform.sharing?.share(java.io.File(file).name, "application/octet-stream", bytes)
            }
        }
}

@Composable
fun ExchangeRoute() {
    val container = LocalContainer.current
    val words = LocalWords.current
    val model = viewModel { ExchangeViewModel(container.core, container.platform, container.preferences) }
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    val exchange by model.exchange.collectAsState()
    val last by model.last.collectAsState()
    val chosen by container.preferences.values.collectAsState()
    when (val now = state) {
        Loaded.Reading -> Busy(words.opening)
        is Loaded.Failed -> Screen(words.exchangeTitle, { container.navigator.back() }) { Wrong(words.sentence(now.problem)) }
        is Loaded.Here ->
            ExchangeScreen(
                now.value,
                exchange,
                act.running,
                act.problem,
                last,
                chosen.photosByWifi,
                ExchangeActions(
                    send = { model.send() },
                    pause = model::pause,
                    files = container.platform.sharing?.let { { model.asFiles() } },
                    byWifi = { on -> container.preferences.choose { it.copy(photosByWifi = on) } },
                    hub = { container.navigator.go(Place.Hub) },
                    back = { container.navigator.back() },
                ),
            )
    }
}

class ExchangeActions(
    val send: () -> Unit = {},
    val pause: () -> Unit = {},
    val files: (() -> Unit)? = null,
    val byWifi: (Boolean) -> Unit = {},
    val hub: () -> Unit = {},
    val back: () -> Unit = {},
)

@Composable
fun ExchangeScreen(
    state: ExchangeUiState,
    exchange: SyncState,
    running: Boolean,
    problem: Throwable?,
    last: SyncReport?,
    photosByWifi: Boolean,
    actions: ExchangeActions,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val colours = LocalColours.current
    Screen(words.exchangeTitle, actions.back, foot = {
        if (running) OtherButton(words.pause, actions.pause) else MainButton(words.sendNow, actions.send, sign = Signs.Wifi)
        if (actions.files != null) LinkButton(words.sendAsFile, actions.files, Modifier.fillMaxWidth(), enabled = !running)
    }) {
        Paper {
            Column(Modifier.fillMaxWidth(), horizontalAlignment = Alignment.CenterHorizontally) {
                Sign(Signs.Wifi, colours.nila, size = 56.dp)
                Text(words.office, style = letters.title)
                val line =
                    when {
                        exchange is SyncState.Sending -> words.sendingOf(exchange.sent.toString(), exchange.outstanding.toString())
                        exchange is SyncState.Paused && exchange.why != Pause.SLOW -> words.sentence(CoreException.NotConnected(exchange.why, null))
                        running -> words.sending
                        state.lastMs != null -> words.lastExchange(clock(state.lastMs))
                        else -> words.neverExchanged
                    }
                Text(line, style = letters.body, color = colours.mute, textAlign = TextAlign.Center)
                if (exchange is SyncState.Sending && running) {
                    val all = (exchange.sent + exchange.outstanding).toFloat().coerceAtLeast(1f)
                    LinearProgressIndicator(
                        progress = { exchange.sent.toFloat() / all },
                        modifier = Modifier.fillMaxWidth().height(8.dp).clip(RoundedCornerShape(4.dp)),
                        color = colours.daun,
                        trackColor = colours.line,
                    )
                }
            }
        }
        problem?.let { Note(words.sentence(it), tone = Tone.ATTENTION, sign = Signs.Warn) }
        last?.let { report ->
            Note(words.exchangeDone(report.sent.toString(), report.changes.toString(), kilobytes(report.bytesUp.toLong() + report.bytesDown.toLong())), tone = Tone.GOOD, sign = Signs.Tick)
            report.minApp?.let { Note(words.updateApp(it), tone = Tone.ATTENTION, sign = Signs.Warn) }
            report.clockAheadMs?.takeIf { kotlin.math.abs(it) > CLOCK_WRONG_MS }?.let { Note(words.clockWrong, tone = Tone.ATTENTION, sign = Signs.Clock) }
        }
        Paper {
            Fact(words.savedHere, state.counts.savedHere.toString())
            Fact(words.withHub, words.notYetThere)
            if (state.counts.held > 0u) Fact(words.heldAtOffice, state.counts.held.toString())
            Fact(words.receivedByOffice, state.counts.received.toString())
            Fact(words.photosWaiting, words.photosOf(state.room.files.waiting.toString(), kilobytes(state.room.files.waitingBytes.toLong())))
        }
        TickRow(words.photosByWifi, photosByWifi, actions.byWifi)
        Way(words.hubTitle, words.notYetThere, actions.hub, sign = Signs.Wifi)
        Note(words.exchangeSafe)
    }
}

private const val CLOCK_WRONG_MS = 5 * 60_000L

/** Bytes as people read them. */
fun kilobytes(bytes: Long): String = if (bytes < 1_000_000) "${(bytes + 999) / 1000} KB" else "%d,%d MB".format(bytes / 1_000_000, bytes % 1_000_000 / 100_000)

/** Volunteers' phones: they carry and cannot read. Not there yet, and said so. */
@Composable
fun HubScreen(onBack: () -> Unit) {
    val words = LocalWords.current
    Screen(words.hubTitle, onBack) {
        Note(words.hubNotYet, tone = Tone.ATTENTION)
        Text(words.hubWhat, style = LocalLetters.current.body)
    }
}
