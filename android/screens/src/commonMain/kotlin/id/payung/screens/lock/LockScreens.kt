package id.payung.screens.lock

import androidx.compose.foundation.background
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import id.payung.core.CoreException
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.ReadCode
import id.payung.screens.app.sentence
import id.payung.screens.lessons.LessonsScreen
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Field
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Sign
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Umbrella
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.parts.panels
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.screens.theme.Look
import kotlinx.coroutines.launch

private const val PIN_LENGTH = 6

/** The first start: three doors, and the lessons without any. */
@Composable
fun WelcomeScreen() {
    val words = LocalWords.current
    var pin by rememberSaveable { mutableStateOf(false) }
    var lessons by rememberSaveable { mutableStateOf(false) }
    val door = LocalDoor.current
    if (lessons) return LessonsScreen(onBack = { lessons = false })
    if (pin) return SetPinScreen(onBack = { pin = false })
    Column(
        Modifier.fillMaxSize().verticalScroll(rememberScrollState()).padding(Look.side),
        verticalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        Spacer(Modifier.size(8.dp))
        Umbrella(panels(1, 0, 0), words.appName, Modifier.width(170.dp).align(Alignment.CenterHorizontally))
        Text(words.welcome, Modifier.fillMaxWidth().semantics { heading() }, style = LocalLetters.current.headline, textAlign = TextAlign.Center)
        Text(words.welcomeWho, Modifier.fillMaxWidth(), style = LocalLetters.current.body, textAlign = TextAlign.Center)
        Way(words.doorOfficial, words.doorOfficialHow, { door.value = Door.OFFICIAL; pin = true }, sign = Signs.People)
        Way(words.doorWorker, words.doorWorkerHow, { door.value = Door.WORKER; pin = true }, sign = Signs.Card)
        Way(words.doorVolunteer, words.notYetThere, { door.value = Door.VOLUNTEER }, sign = Signs.Wifi)
        if (door.value == Door.VOLUNTEER) Note(words.hubNotYet)
        LinkButton(words.lessonsFirst, { lessons = true }, Modifier.align(Alignment.CenterHorizontally))
    }
}

/** By which door a person came in. */
enum class Door { OFFICIAL, WORKER, VOLUNTEER }

val LocalDoor = androidx.compose.runtime.staticCompositionLocalOf { mutableStateOf<Door?>(null) }

/** Six digits, twice. */
@Composable
private fun SetPinScreen(onBack: () -> Unit) {
    val words = LocalWords.current
    val container = LocalContainer.current
    val scope = rememberCoroutineScope()
    var first by remember { mutableStateOf("") }
    var typed by remember { mutableStateOf("") }
    var problem by remember { mutableStateOf<String?>(null) }
    var busy by remember { mutableStateOf(false) }
    PinPage(
        title = if (first.isEmpty()) words.pinNew else words.pinAgain,
        under = words.pinWhy,
        typed = typed,
        problem = problem,
        busy = busy,
        onBack = onBack,
    ) { now ->
        typed = now
        problem = null
        if (now.length == PIN_LENGTH) {
            if (first.isEmpty()) {
                first = now
                typed = ""
            } else if (first != now) {
                problem = words.pinDiffers
                first = ""
                typed = ""
            } else {
                busy = true
                scope.launch {
                    try {
                        container.core.ask { it.setPin(now) }
                    } catch (refused: CoreException) {
                        problem = words.sentence(refused)
                        first = ""
                        typed = ""
                    }
                    busy = false
                    container.gate.look()
                }
            }
        }
    }
}

/** Opens the phone by its PIN. */
@Composable
fun LockScreen() {
    val words = LocalWords.current
    val container = LocalContainer.current
    val scope = rememberCoroutineScope()
    var typed by remember { mutableStateOf("") }
    var problem by remember { mutableStateOf<String?>(null) }
    var busy by remember { mutableStateOf(false) }
    var recovering by remember { mutableStateOf(false) }
    if (recovering) return RecoverScreen(onBack = { recovering = false })
    PinPage(
        title = words.pinEnter,
        under = words.lockedSafe,
        typed = typed,
        problem = problem,
        busy = busy,
        onBack = null,
        onForgotten = { recovering = true },
    ) { now ->
        typed = now
        problem = null
        if (now.length == PIN_LENGTH) {
            busy = true
            scope.launch {
                try {
                    container.core.ask { it.unlock(now) }
                } catch (refused: CoreException) {
                    problem = words.sentence(refused)
                    if (refused is CoreException.RecoveryNeeded) recovering = true
                }
                typed = ""
                busy = false
                container.gate.look()
            }
        }
    }
}

@Composable
private fun PinPage(
    title: String,
    under: String,
    typed: String,
    problem: String?,
    busy: Boolean,
    onBack: (() -> Unit)?,
    onForgotten: (() -> Unit)? = null,
    onTyped: (String) -> Unit,
) {
    val words = LocalWords.current
    val colours = LocalColours.current
    Screen(title, onBack, foot = {
        for (row in listOf("123", "456", "789", " 0<")) {
            Row(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
                for (key in row) {
                    if (key == ' ') {
                        Spacer(Modifier.weight(1f))
                    } else {
                        val name = if (key == '<') words.eraseDigit else key.toString()
                        Box(
                            Modifier
                                .weight(1f)
                                .heightIn(min = 56.dp)
                                .clip(RoundedCornerShape(12.dp))
                                .background(colours.card)
                                .clickable(enabled = !busy, role = Role.Button) {
                                    onTyped(if (key == '<') typed.dropLast(1) else (typed + key).take(PIN_LENGTH))
                                }.semantics { contentDescription = name },
                            contentAlignment = Alignment.Center,
                        ) {
                            if (key == '<') Sign(Signs.Back, colours.ink) else Text(key.toString(), style = LocalLetters.current.number)
                        }
                    }
                }
            }
        }
        if (onForgotten != null) LinkButton(words.pinForgotten, onForgotten, Modifier.align(Alignment.CenterHorizontally))
    }) {
        Text(under, style = LocalLetters.current.body, color = colours.mute)
        Row(
            Modifier.fillMaxWidth().padding(vertical = 14.dp).semantics(mergeDescendants = true) {
                contentDescription = words.pinTyped(typed.length.toString())
            },
            horizontalArrangement = Arrangement.spacedBy(14.dp, Alignment.CenterHorizontally),
        ) {
            repeat(PIN_LENGTH) { at ->
                Box(Modifier.size(20.dp).clip(CircleShape).background(if (at < typed.length) colours.nila else colours.line))
            }
        }
        if (busy) Busy(words.opening)
        if (problem != null) Wrong(problem)
    }
}

/** An operator helps, once they know who it is. */
@Composable
private fun RecoverScreen(onBack: () -> Unit) {
    val words = LocalWords.current
    val container = LocalContainer.current
    val scope = rememberCoroutineScope()
    var request by remember { mutableStateOf<String?>(null) }
    var answer by rememberSaveable { mutableStateOf("") }
    var pin by remember { mutableStateOf("") }
    var problem by remember { mutableStateOf<String?>(null) }
    Screen(words.pinForgotten, onBack, foot = {
        MainButton(words.open, {
            scope.launch {
                try {
                    container.core.ask { it.recover(answer.trim(), pin) }
                    container.gate.look()
                } catch (refused: CoreException) {
                    problem = words.sentence(refused)
                }
            }
        }, enabled = answer.isNotBlank() && pin.length == PIN_LENGTH)
    }) {
        Text(words.recoverHow, style = LocalLetters.current.body)
        val shown = request
        if (shown == null) {
            OtherButton(words.recoverAsk, {
                scope.launch {
                    try {
                        request = container.core.ask { it.recoveryRequest() }
                    } catch (refused: CoreException) {
                        problem = words.sentence(refused)
                    }
                }
            })
        } else {
            Note(shown)
        }
        Field(words.recoverAnswer, answer, { answer = it }, lines = 3)
        Field(words.pinNew, pin, { pin = it.filter(Char::isDigit).take(PIN_LENGTH) }, typed = id.payung.screens.parts.Typed.PIN, last = true)
        problem?.let { Wrong(it) }
    }
}

/** Joins by the invite's link or code; a worker by the claim code on their slip. */
@Composable
fun JoinScreen() {
    val words = LocalWords.current
    val container = LocalContainer.current
    val scope = rememberCoroutineScope()
    val door = LocalDoor.current
    val worker = door.value == Door.WORKER
    var link by rememberSaveable { mutableStateOf(container.invite.orEmpty()) }
    var server by rememberSaveable { mutableStateOf("") }
    var problem by remember { mutableStateOf<String?>(null) }
    var busy by remember { mutableStateOf(false) }

    fun join(text: String) {
        busy = true
        problem = null
        scope.launch {
            try {
                val typed = text.trim()
                if (worker && !typed.startsWith("payung:", ignoreCase = true)) {
                    container.core.ask { it.claim(typed, server.trim(), null) }
                } else {
                    container.core.ask { it.join(typed, null) }
                }
                container.gate.look()
                // what the office has of this area; it may fail, and is tried again
                runCatching { container.core.ask { it.sync(true, null) } }
            } catch (refused: CoreException) {
                problem = words.sentence(refused)
            }
            busy = false
        }
    }
    Screen(if (worker) words.claimTitle else words.joinTitle, onBack = null, foot = {
        MainButton(words.joinNow, { join(link) }, enabled = !busy && link.isNotBlank() && (!worker || link.startsWith("payung:", true) || server.isNotBlank()))
        LinkButton(if (worker) words.iAmOfficial else words.iAmWorker, { door.value = if (worker) Door.OFFICIAL else Door.WORKER }, Modifier.align(Alignment.CenterHorizontally))
    }) {
        Text(if (worker) words.claimHow else words.joinHow, style = LocalLetters.current.body)
        container.platform.codes?.let { reader ->
            OtherButton(words.scan, {
                scope.launch {
                    when (val read = reader.read()) {
                        is ReadCode.Text -> if (read.text.startsWith("payung:", ignoreCase = true)) join(read.text) else problem = words.codeNotOurs
                        ReadCode.None -> problem = words.codeNone
                        ReadCode.Denied -> problem = words.cameraDenied
                        null -> {}
                    }
                }
            }, sign = Signs.Camera, enabled = !busy)
        }
        Field(if (worker) words.claimCode else words.joinLink, link, { link = it }, lines = if (worker) 1 else 3, last = !worker)
        if (worker && !link.startsWith("payung:", true)) Field(words.claimServer, server, { server = it }, last = true)
        if (busy) Busy(words.joining)
        problem?.let { Wrong(it) }
        Note(words.joinSafe, tone = Tone.WAITING)
    }
}
