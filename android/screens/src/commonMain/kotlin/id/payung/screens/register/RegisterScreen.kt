package id.payung.screens.register

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.core.FieldValue
import id.payung.core.Language
import id.payung.core.Occupation
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.sentence
import id.payung.screens.app.spoken
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Chip
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Umbrella
import id.payung.screens.parts.Wrong
import id.payung.screens.parts.panels
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.words.Words
import kotlinx.coroutines.launch

/** What the pages of a registration do. */
class RegisterActions(
    val type: (String, String) -> Unit = { _, _ -> },
    val set: (String, FieldValue) -> Unit = { _, _ -> },
    val searchJob: (String) -> Unit = {},
    val chooseJob: (Occupation) -> Unit = {},
    val confirm: () -> Unit = {},
    val readIn: (Language) -> Unit = {},
    val agree: (Boolean) -> Unit = {},
    val photograph: (() -> Unit)? = null,
    val next: () -> Unit = {},
    val back: () -> Unit = {},
    val goTo: (Int) -> Unit = {},
    val register: () -> Unit = {},
    val leave: () -> Unit = {},
    val discard: () -> Unit = {},
    val show: (String) -> Unit = {},
)

@Composable
fun RegisterRoute(place: Place.Register) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val scope = rememberCoroutineScope()
    val model =
        viewModel {
            RegisterViewModel(container.core, place.form, place.record, place.self, { words.spoken }, container.platform.locator)
        }
    val state by model.state.collectAsState()
    val navigator = container.navigator
    val saved = state.saved
    if (saved != null) {
        if (place.record != null) {
            LaunchedEffect(saved) { navigator.back() }
            return
        }
        return DoneScreen(
            onSameHouse = { scope.launch { navigator.replace(Place.Register(form = model.sameHouse())) } },
            onShow = { navigator.replace(Place.Detail(saved)) },
            onHome = { navigator.go(Place.Home) },
        )
    }
    val camera = container.platform.camera
    RegisterScreen(
        state,
        RegisterActions(
            type = model::type,
            set = model::set,
            searchJob = model::searchJob,
            chooseJob = model::chooseJob,
            confirm = model::confirm,
            readIn = model::readIn,
            agree = model::agree,
            photograph = camera?.let { { scope.launch { model.photograph(it.take()) } } },
            next = model::next,
            back = { model.turn(-1) },
            goTo = model::goTo,
            register = model::register,
            leave = { navigator.back() },
            discard = { model.discard { navigator.back() } },
            show = { navigator.go(Place.Detail(it)) },
        ),
    )
}

private fun Words.title(step: Step): String =
    when (step) {
        Step.NIK -> stepNik
        Step.NAME -> stepName
        Step.ADDRESS -> stepAddress
        Step.WORK -> stepWork
        Step.COVER -> stepCover
        Step.FAMILY -> stepFamily
        Step.CONSENT -> stepConsent
        Step.REVIEW -> stepReview
    }

@Composable
fun RegisterScreen(
    state: RegisterUiState,
    actions: RegisterActions,
) {
    val words = LocalWords.current
    val step = state.step
    val first = if (state.record == null) Step.NIK else Step.NAME
    val back = { if (step == first || step == state.steps.first()) actions.leave() else actions.back() }
    Screen(
        words.title(step),
        onBack = back,
        end = {
            if (step != Step.REVIEW) {
                Text(words.stepOf((state.steps.indexOf(step) + 1).toString(), (state.steps.size - 1).toString()), style = LocalLetters.current.small, color = LocalColours.current.mute)
            }
        },
        foot = {
            state.problem?.let { Wrong(words.sentence(it)) }
            val other = state.wrong.filterNot { step.has(it.field) }
            if (step == Step.REVIEW && other.isNotEmpty()) Wrong(other.joinToString("\n") { words.sentenceOf(it) })
            if (state.saving) Busy(words.saving)
            if (step == Step.REVIEW) {
                MainButton(if (state.record == null) words.saveRegistration else words.saveChanges, actions.register, enabled = !state.saving)
            } else {
                MainButton(words.next, actions.next, enabled = state.ready)
            }
        },
    ) {
        Progress(state.steps.indexOf(step) + 1, state.steps.size)
        if (!state.ready) {
            Busy(words.opening)
        } else {
            key(step) {
                when (step) {
                    Step.NIK -> NikPage(state, actions)
                    Step.NAME -> NamePage(state, actions)
                    Step.ADDRESS -> AddressPage(state, actions)
                    Step.WORK -> WorkPage(state, actions)
                    Step.COVER -> CoverPage(state, actions)
                    Step.FAMILY -> FamilyPage(state, actions)
                    Step.CONSENT -> ConsentPage(state, actions)
                    Step.REVIEW -> ReviewPage(state, actions)
                }
            }
        }
    }
}

@Composable
private fun Progress(
    at: Int,
    of: Int,
) {
    val colours = LocalColours.current
    Box(Modifier.fillMaxWidth().height(6.dp).clip(RoundedCornerShape(3.dp)).background(colours.line)) {
        Box(Modifier.fillMaxWidth(at / of.toFloat()).height(6.dp).clip(RoundedCornerShape(3.dp)).background(colours.nila))
    }
}

/** Saved: what is safe, and the next of the same house. */
@Composable
fun DoneScreen(
    onSameHouse: () -> Unit,
    onShow: () -> Unit,
    onHome: () -> Unit,
) {
    val words = LocalWords.current
    Screen(words.savedTitle, onBack = null, foot = {
        MainButton(words.sameHouse, onSameHouse, sign = Signs.House)
        OtherButton(words.showWorker, onShow)
        LinkButton(words.toHome, onHome, Modifier.align(Alignment.CenterHorizontally))
    }) {
        Column(Modifier.fillMaxWidth().padding(vertical = 24.dp), horizontalAlignment = Alignment.CenterHorizontally, verticalArrangement = Arrangement.spacedBy(14.dp)) {
            Umbrella(panels(0, 1, 0), words.savedTitle, Modifier.width(180.dp))
            Chip(words.phase("queued").orEmpty(), Tone.WAITING, sign = Signs.Phone)
            Text(words.savedSafe, style = LocalLetters.current.body, textAlign = TextAlign.Center)
        }
        Note(words.savedNotCovered, tone = Tone.ATTENTION, sign = Signs.Warn)
        Spacer(Modifier.size(4.dp))
    }
}
