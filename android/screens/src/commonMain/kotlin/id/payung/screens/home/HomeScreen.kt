package id.payung.screens.home

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.width
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.CoverageLevel
import id.payung.core.CoverageNumbers
import id.payung.core.Draft
import id.payung.core.FieldValue
import id.payung.core.Membership
import id.payung.core.region
import id.payung.screens.app.CoreModel
import id.payung.screens.app.LEAST_FREE
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.WorkerFilter
import id.payung.screens.app.sentence
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Chip
import id.payung.screens.parts.Heading
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Umbrella
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.parts.panels
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.words.Words

/** What the home screen shows. */
data class HomeUiState(
    val area: String,
    val village: String,
    val numbers: CoverageNumbers,
    /** The other RTs of the village that this phone knows. */
    val tiles: List<Tile>,
    val returned: Long,
    val conflicts: Long,
    val refused: Long,
    val saved: Long,
    val held: Long,
    val received: Long,
    val drafts: List<Draft>,
    /** Somebody registered this official too. */
    val selfDone: Boolean,
    /** Days of showing old data that are left; null long before. */
    val leaseDays: Int?,
    /** Days since the last exchange, while something waits. */
    val unsentDays: Int?,
) {
    val known: Long get() = numbers.counts.registered.toLong() + drafts.size
    val covered: Long get() = numbers.counts.covered.toLong() + numbers.counts.lapsing.toLong()
    val onTheWay: Long get() = (known - covered - drafts.size).coerceAtLeast(0)
    val fixing: Long get() = returned + conflicts + refused
}

/** One RT of the village. */
data class Tile(val label: String, val covered: Long, val registered: Long)

class HomeViewModel(
    core: CoreClient,
    private val membership: Membership,
    private val now: () -> Long = System::currentTimeMillis,
) : CoreModel(core) {
    val state =
        read { client ->
            val counts = client.counts()
            val picture = client.coverage(null, CoverageLevel.RT)
            val returned = picture.total.counts.returned.toLong()
            val lapse = client.leaseDays()?.toInt()
            val last = client.lastSuccessMs()
            val waits = counts.savedHere > 0u
            HomeUiState(
                area = membership.areaLabel,
                village = region(membership.area.split('.').take(4).joinToString("."))?.let { listOfNotNull(it.village, it.district).joinToString(", ") }.orEmpty(),
                numbers = picture.total,
                tiles = picture.lines.map { Tile(it.label, it.numbers.counts.covered.toLong() + it.numbers.counts.lapsing.toLong(), it.numbers.counts.registered.toLong()) },
                returned = returned,
                conflicts = counts.conflicts.toLong(),
                refused = counts.needsFixing.toLong(),
                saved = counts.savedHere.toLong(),
                held = counts.held.toLong(),
                received = counts.received.toLong(),
                drafts = client.forms().filter { it.record == null },
                selfDone = client.ownRegistration() != null,
                leaseDays = lapse?.takeIf { it <= LEASE_WARNING },
                unsentDays = last?.takeIf { waits }?.let { ((now() - it) / DAY_MS).toInt() }?.takeIf { it >= UNSENT_WARNING },
            )
        }

    private companion object {
        const val DAY_MS = 86_400_000L
        const val LEASE_WARNING = 5
        const val UNSENT_WARNING = 3
    }
}

@Composable
fun HomeRoute(membership: Membership) {
    val container = LocalContainer.current
    val model = viewModel { HomeViewModel(container.core, membership) }
    val state by model.state.collectAsState()
    val free = container.platform.space.free()
    when (val now = state) {
        Loaded.Reading -> Busy(LocalWords.current.opening)
        is Loaded.Failed -> Screen(LocalWords.current.home, null) { Wrong(LocalWords.current.sentence(now.problem)) }
        is Loaded.Here -> HomeScreen(now.value, diskFull = free != null && free < LEAST_FREE, go = container.navigator::go)
    }
}

/** What a half-filled form is called. */
fun Words.formName(form: Draft): String = (form.fields["name"] as? FieldValue.Text)?.text?.takeIf { it.isNotBlank() } ?: formNameless

@OptIn(ExperimentalLayoutApi::class)
@Composable
fun HomeScreen(
    state: HomeUiState,
    diskFull: Boolean,
    go: (Place) -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val colours = LocalColours.current
    Screen(state.area, onBack = null, end = { Chip(words.languageShort, Tone.WAITING) }) {
        Text(state.village, style = letters.small, color = colours.mute)
        state.leaseDays?.let { Note(if (it == 0) words.leaseOver else words.leaseSoon(it.toString()), tone = Tone.ATTENTION, sign = Signs.Lock) }
        Paper {
            val picture = if (state.known == 0L) panels(0, 0, 0) else panels(state.covered, state.onTheWay, state.drafts.size.toLong())
            val line = words.homeCovered(state.covered.toString(), state.known.toString())
            val under = words.homeUnder(state.onTheWay.toString(), state.drafts.size.toString())
            Umbrella(picture, "$line. $under", Modifier.width(230.dp).align(Alignment.CenterHorizontally))
            if (state.known == 0L) {
                Text(words.homeEmpty, Modifier.fillMaxWidth(), style = letters.strong, textAlign = TextAlign.Center)
                Text(words.homeEmptyDo, Modifier.fillMaxWidth(), style = letters.small, color = colours.mute, textAlign = TextAlign.Center)
            } else {
                Text(line, Modifier.fillMaxWidth(), style = letters.headline, textAlign = TextAlign.Center)
                Text(under, Modifier.fillMaxWidth(), style = letters.small, color = colours.mute, textAlign = TextAlign.Center)
            }
        }
        if (diskFull) {
            Note(words.diskAlmostFull, tone = Tone.BAD, sign = Signs.Warn)
        } else {
            MainButton(words.registerWorker, { go(Place.Register()) }, sign = Signs.Plus)
        }
        for (form in state.drafts.take(2)) {
            Way(words.formGoOn(words.formName(form)), words.formGoOnUnder, { go(Place.Register(form = form.id)) }, sign = Signs.Pen)
        }
        if (!state.selfDone) Way(words.registerSelf, words.registerSelfWhy, { go(Place.Register(self = true)) }, sign = Signs.Umbrella)
        if (state.fixing > 0) {
            val parts =
                listOfNotNull(
                    state.returned.takeIf { it > 0 }?.let { words.homeReturned(it.toString()) },
                    state.conflicts.takeIf { it > 0 }?.let { words.homeConflicts(it.toString()) },
                    state.refused.takeIf { it > 0 }?.let { words.homeRefused(it.toString()) },
                )
            Way(words.homeFixing(state.fixing.toString()), parts.joinToString(", "), { go(Place.NeedsAttention) }, tone = Tone.ATTENTION)
        }
        state.unsentDays?.let { Note(words.unsentDays(it.toString()), tone = Tone.ATTENTION, sign = Signs.Warn) }
        Way(
            words.exchangeTitle,
            words.homeExchange(state.saved.toString(), state.held.toString(), state.received.toString()),
            { go(Place.Exchange) },
        ) { if (state.saved > 0) Chip(words.waitingHere(state.saved.toString()), Tone.WAITING, sign = Signs.Phone) }
        val lapsing = state.numbers.counts.lapsing.toLong() + state.numbers.counts.arrears.toLong()
        if (lapsing > 0) Way(words.homeLapsing(lapsing.toString()), words.homeLapsingUnder, { go(Place.Renewals) })
        if (state.tiles.size > 1) {
            Heading(words.homeVillage)
            FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
                for (tile in state.tiles) {
                    Paper(Modifier.width(154.dp), padding = 12) {
                        Column(Modifier.semantics(mergeDescendants = true) {}) {
                            Text(tile.label, style = letters.small, color = colours.mute)
                            Row(verticalAlignment = Alignment.CenterVertically) {
                                Umbrella(panels(tile.covered, tile.registered - tile.covered, 0), "", Modifier.width(44.dp))
                                Spacer(Modifier.width(8.dp))
                                Text(words.ofAll(tile.covered.toString(), tile.registered.toString()), style = letters.body)
                            }
                        }
                    }
                }
            }
        }
        Spacer(Modifier.height(4.dp))
    }
}
