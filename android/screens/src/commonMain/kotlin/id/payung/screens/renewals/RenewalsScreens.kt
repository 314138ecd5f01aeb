package id.payung.screens.renewals

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
import id.payung.core.Payer
import id.payung.core.RenewalRequest
import id.payung.core.RenewalRow
import id.payung.core.RenewalSum
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.month
import id.payung.screens.app.rupiah
import id.payung.screens.app.sentence
import id.payung.screens.app.written
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Chip
import id.payung.screens.parts.Choice
import id.payung.screens.parts.Empty
import id.payung.screens.parts.Fact
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.TickRow
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow

/** Who is about to lapse, with the sums of a term. */
data class RenewalsUiState(val sums: List<RenewalSum>, val rows: List<RenewalRow>)

class RenewalsViewModel(core: CoreClient) : CoreModel(core) {
    private val term = MutableStateFlow(6u)
    val months: StateFlow<UInt> get() = term
    val state = read(term) { client, months -> RenewalsUiState(client.renewalSums(null, months), client.renewals(null, months, null, MOST).rows) }

    fun choose(months: UInt) {
        term.value = months
    }

    private companion object {
        val MOST = 100u
    }
}

private val TERMS = listOf(1u, 3u, 6u, 12u)

@OptIn(ExperimentalLayoutApi::class)
@Composable
fun RenewalsRoute(onBack: () -> Unit) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val model = viewModel { RenewalsViewModel(container.core) }
    val state by model.state.collectAsState()
    val months by model.months.collectAsState()
    Screen(words.renewalsTitle, onBack) {
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            for (term in TERMS) Choice(words.months(term.toString()), months == term, { model.choose(term) })
        }
        when (val now = state) {
            Loaded.Reading -> Busy(words.opening)
            is Loaded.Failed -> Wrong(words.sentence(now.problem))
            is Loaded.Here -> {
                if (now.value.rows.isEmpty()) Empty(words.renewalsNone, words.needsNoneUnder)
                for (sum in now.value.sums) {
                    Paper {
                        Text(sum.label, style = LocalLetters.current.strong)
                        Fact(words.renewalsTotal, rupiah(sum.total))
                        if (sum.discount > 0) Fact(words.discount, rupiah(sum.discount))
                        if (sum.owed > 0) Fact(words.owed, rupiah(sum.owed))
                    }
                }
                for (row in now.value.rows) {
                    val under = listOfNotNull(row.label, row.price?.let { rupiah(it.total) }, row.whyNotWords).joinToString(" · ")
                    Way(written(row.name), under, { container.navigator.go(Place.Renew(row.worker, row.enrollment)) }) {
                        if (row.asked) Chip(words.renewalAsked, Tone.WAITING)
                    }
                }
            }
        }
    }
}

class RenewViewModel(
    core: CoreClient,
    private val worker: String,
    private val enrollment: String,
) : CoreModel(core) {
    private val term = MutableStateFlow(6u)
    val months: StateFlow<UInt> get() = term
    val state =
        read(term) { client, months ->
            client.worker(worker).summary to client.renewals(null, months, null, MOST).rows.firstOrNull { it.enrollment == enrollment }
        }

    fun choose(months: UInt) {
        term.value = months
    }

    fun renew(
        payer: Payer?,
        then: () -> Unit,
    ) = perform {
        core.ask { it.renew(enrollment, RenewalRequest(term.value, payer, working = true, healthy = true)) }
        then()
    }

    private companion object {
        val MOST = 500u
    }
}

/** Two touches: still working, and renew; the term and payer stay as they were. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
fun RenewRoute(
    place: Place.Renew,
    onBack: () -> Unit,
) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val letters = LocalLetters.current
    val model = viewModel { RenewViewModel(container.core, place.worker, place.enrollment) }
    val state by model.state.collectAsState()
    val months by model.months.collectAsState()
    val act by model.act.collectAsState()
    var working by rememberSaveable { mutableStateOf(false) }
    var done by rememberSaveable { mutableStateOf(false) }
    Screen(words.renew, onBack, foot = {
        act.problem?.let { Wrong(words.sentence(it)) }
        if (done) MainButton(words.back, onBack) else MainButton(words.renewNow, { model.renew(null) { done = true } }, enabled = working && !act.running, sign = Signs.Clock)
    }) {
        when (val now = state) {
            Loaded.Reading -> Busy(words.opening)
            is Loaded.Failed -> Wrong(words.sentence(now.problem))
            is Loaded.Here -> {
                val (worker, row) = now.value
                Text(written(worker.name), style = letters.title)
                if (done) {
                    Note(words.renewDone, tone = Tone.GOOD, sign = Signs.Tick)
                } else {
                    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
                        for (term in TERMS) Choice(words.months(term.toString()), months == term, { model.choose(term) })
                    }
                    row?.price?.let { price ->
                        Paper(tone = Tone.WAITING) {
                            Heading(rupiah(price.total + price.owed))
                            Text(words.fromTo(words.month(price.first), words.month(price.last)), style = letters.body)
                            if (price.owed > 0) Text(words.owedWith(rupiah(price.owed)), style = letters.body)
                            if (!price.covers) Text(words.renewNotCovers, style = letters.body)
                        }
                    }
                    row?.whyNotWords?.let { Note(it, tone = Tone.ATTENTION) }
                    TickRow(words.stillWorks, working, { working = it })
                    LinkButton(words.noLongerWorks, { container.navigator.replace(Place.Detail(place.worker)) })
                }
            }
        }
    }
}
