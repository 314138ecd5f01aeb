package id.payung.screens.outreach

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.Attendee
import id.payung.core.CoreException
import id.payung.core.FieldError
import id.payung.core.FieldValue
import id.payung.core.SessionState
import id.payung.core.SessionView
import id.payung.core.Wish
import id.payung.core.lessons
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.clock
import id.payung.screens.app.sentence
import id.payung.screens.app.spoken
import id.payung.screens.app.today
import id.payung.screens.app.wrong
import id.payung.screens.app.written
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Chip
import id.payung.screens.parts.Choice
import id.payung.screens.parts.Empty
import id.payung.screens.parts.DateField
import id.payung.screens.parts.Field
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Typed
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.words.Words
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import java.time.LocalDateTime
import java.time.ZoneId

private fun Words.state(state: SessionState): String =
    when (state) {
        SessionState.PLANNED -> sessionPlanned
        SessionState.HELD -> sessionHeld
        SessionState.CANCELLED -> sessionCancelled
        SessionState.PAST -> sessionPassed
    }

class OutreachViewModel(core: CoreClient) : CoreModel(core) {
    val state = read { it.sessions(null) }
    private val wrongs = MutableStateFlow<List<FieldError>>(emptyList())
    val wrong: StateFlow<List<FieldError>> get() = wrongs

    fun plan(
        date: String,
        time: String,
        place: String,
        topics: Set<String>,
        then: () -> Unit,
    ) = perform {
        wrongs.value = emptyList()
        val at =
            runCatching {
                val (hour, minute) = time.split('.', ':').map { it.trim().toInt() }
                val (year, month, day) = date.split('-').map { it.trim().toInt() }
                LocalDateTime.of(year, month, day, hour, minute).atZone(ZoneId.of("Asia/Jakarta")).toInstant().toString()
            }.getOrNull()
        val fields =
            mapOf("when" to at.orEmpty(), "place" to place, "topics" to topics.joinToString(" "))
                .filterValues { it.isNotBlank() }
                .mapValues { (_, text) -> FieldValue.Text(text) }
        try {
            core.ask { it.planSession(fields, null) }
            then()
        } catch (refused: CoreException.Invalid) {
            wrongs.value = refused.fields
        }
    }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
fun OutreachRoute(onBack: () -> Unit) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val letters = LocalLetters.current
    val model = viewModel { OutreachViewModel(container.core) }
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    val wrong by model.wrong.collectAsState()
    var planning by rememberSaveable { mutableStateOf(false) }
    var date by rememberSaveable { mutableStateOf(today().plusDays(7).toString()) }
    var time by rememberSaveable { mutableStateOf("19.30") }
    var place by rememberSaveable { mutableStateOf("") }
    var topics by rememberSaveable { mutableStateOf(emptyList<String>()) }
    Screen(words.outreachTitle, onBack, foot = {
        if (planning) {
            MainButton(words.sessionSave, { model.plan(date, time, place, topics.toSet()) { planning = false } }, enabled = !act.running)
        } else {
            MainButton(words.sessionPlan, { planning = true }, sign = Signs.Plus)
        }
    }) {
        act.problem?.let { Wrong(words.sentence(it)) }
        if (planning) {
            fun of(field: String) = wrong.firstOrNull { it.field == field }?.let { words.wrong(it) }
            DateField(words.sessionDate, date, { date = it }, wrong = of("when"))
            Field(words.sessionTime, time, { time = it })
            Field(words.sessionPlace, place, { place = it }, wrong = of("place"), last = true)
            Heading(words.sessionTopics)
            FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
                for (lesson in lessons(words.spoken)) {
                    Choice(lesson.title, lesson.code in topics, { topics = if (lesson.code in topics) topics - lesson.code else topics + lesson.code })
                }
            }
            LinkButton(words.back, { planning = false })
        } else {
            when (val now = state) {
                Loaded.Reading -> Busy(words.opening)
                is Loaded.Failed -> Wrong(words.sentence(now.problem))
                is Loaded.Here -> {
                    if (now.value.isEmpty()) Empty(words.sessionsNone, words.sessionsNoneDo)
                    for (view in now.value) {
                        Way("${clock(view.session.`when`)} · ${view.session.place}", words.sessionCame(view.came.toString()), { container.navigator.go(Place.Session(view.session.id)) }) {
                            Chip(words.state(view.state), if (view.state == SessionState.HELD) Tone.GOOD else Tone.WAITING)
                        }
                    }
                }
            }
            Text(words.outreachWhy, style = letters.small)
        }
    }
}

class SessionViewModel(
    core: CoreClient,
    private val id: String,
) : CoreModel(core) {
    data class State(val session: SessionView?, val attendees: List<Attendee>)

    val state = read { client -> State(client.sessions(null).firstOrNull { it.session.id == id }, client.attendees(id)) }

    fun came(
        name: String,
        phone: String,
        wish: String,
        then: () -> Unit,
    ) = perform {
        val fields =
            mapOf("session" to id, "name" to name, "phone" to phone, "wish" to wish)
                .filterValues { it.isNotBlank() }
                .mapValues { (_, text) -> FieldValue.Text(text) }
        core.ask { it.attend(fields) }
        then()
    }

    fun form(
        attendance: String,
        then: (Long) -> Unit,
    ) = perform { then(core.ask { it.openAttendeeForm(attendance) }.id) }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
fun SessionRoute(
    id: String,
    onBack: () -> Unit,
) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val model = viewModel { SessionViewModel(container.core, id) }
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    var name by rememberSaveable { mutableStateOf("") }
    var phone by rememberSaveable { mutableStateOf("") }
    var wish by rememberSaveable { mutableStateOf("register") }
    Screen(words.sessionTitle, onBack, foot = {
        MainButton(words.attendAdd, {
            model.came(name, phone, wish) {
                name = ""
                phone = ""
            }
        }, enabled = name.isNotBlank() && !act.running)
    }) {
        act.problem?.let { Wrong(words.sentence(it)) }
        when (val now = state) {
            Loaded.Reading -> Busy(words.opening)
            is Loaded.Failed -> Wrong(words.sentence(now.problem))
            is Loaded.Here -> {
                now.value.session?.let { Heading("${clock(it.session.`when`)} · ${it.session.place}") }
                Field(words.attendName, name, { name = it }, typed = Typed.NAME)
                Field(words.phone, phone, { phone = it }, typed = Typed.PHONE, last = true)
                FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
                    for ((code, said) in listOf("register" to words.wishRegister, "ask" to words.wishAsk, "nothing" to words.wishNothing)) {
                        Choice(said, wish == code, { wish = code })
                    }
                }
                Heading(words.sessionCame(now.value.attendees.size.toString()))
                for (one in now.value.attendees) {
                    Paper {
                        Text(written(one.name), style = LocalLetters.current.strong)
                        when {
                            one.worker != null -> Chip(words.outcomeRegistered, Tone.GOOD, sign = Signs.Tick)
                            one.wish == Wish.Register ->
                                OtherButton(words.registerWorker, { model.form(one.id) { container.navigator.go(Place.Register(form = it)) } })
                            else -> {}
                        }
                    }
                }
            }
        }
    }
}
