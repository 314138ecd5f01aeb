package id.payung.screens.clinics

import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.ClinicQuery
import id.payung.core.ClinicView
import id.payung.core.Position
import id.payung.core.region
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Locator
import id.payung.screens.app.sentence
import id.payung.screens.parts.Empty
import id.payung.screens.parts.Field
import id.payung.screens.parts.Note
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Written
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow

/** Clinics of the work-accident network: nearest first, or by what is typed. */
class ClinicsViewModel(
    core: CoreClient,
    private val locator: Locator?,
) : CoreModel(core) {
    data class Asked(val typed: String = "", val near: Position? = null)

    private val asked = MutableStateFlow(Asked())
    val chosen: StateFlow<Asked> get() = asked
    val state = read(asked) { client, now -> client.clinics(ClinicQuery(now.near, null, now.typed, MOST)) }

    fun type(text: String) {
        asked.value = asked.value.copy(typed = text)
    }

    suspend fun locate() {
        locator?.here()?.let { asked.value = asked.value.copy(near = Position(it.latE6, it.lonE6)) }
    }

    private companion object {
        val MOST = 50uL
    }
}

@Composable
fun ClinicsRoute(onBack: () -> Unit) {
    val container = LocalContainer.current
    val model = viewModel { ClinicsViewModel(container.core, container.platform.locator) }
    val state by model.state.collectAsState()
    val chosen by model.chosen.collectAsState()
    LaunchedEffect(model) { model.locate() }
    val words = LocalWords.current
    when (val now = state) {
        is Loaded.Failed -> Screen(words.clinicsTitle, onBack) { Wrong(words.sentence(now.problem)) }
        is Loaded.Here -> ClinicsScreen(now.value, chosen.typed, chosen.near != null, onBack, model::type)
        Loaded.Reading -> ClinicsScreen(emptyList(), chosen.typed, false, onBack, model::type)
    }
}

@Composable
fun ClinicsScreen(
    clinics: List<ClinicView>,
    typed: String,
    located: Boolean,
    onBack: () -> Unit,
    onType: (String) -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    Screen(words.clinicsTitle, onBack) {
        Field(words.clinicsSearch, typed, onType, last = true, hint = words.clinicsHint)
        if (!located) Note(words.clinicsNoPlace, sign = Signs.House)
        if (clinics.isEmpty()) Empty(words.clinicsNone, words.clinicsNoneDo)
        for (view in clinics) {
            Paper {
                Text(view.clinic.name, style = letters.strong)
                val place = listOfNotNull(view.clinic.address.takeIf { it.isNotBlank() }, region(view.clinic.district)?.district)
                Text(place.joinToString(", "), style = letters.body)
                if (view.distance.isNotBlank()) Text(view.distance, style = letters.body, color = LocalColours.current.daunText)
                view.clinic.phone?.let { Written(words.phoneIs, it) }
                if (view.clinic.hours.isNotBlank()) Written(words.hours, view.clinic.hours)
            }
        }
    }
}
