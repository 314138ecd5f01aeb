package id.payung.screens.workers

import androidx.compose.foundation.background
import androidx.compose.foundation.clickable
import androidx.compose.foundation.horizontalScroll
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.rememberScrollState
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewModelScope
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.CoreException
import id.payung.core.PageKey
import id.payung.core.WorkerQuery
import id.payung.core.WorkerSummary
import id.payung.core.occupationOf
import id.payung.screens.app.CoreModel
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.WorkerFilter
import id.payung.screens.app.ending
import id.payung.screens.app.sentence
import id.payung.screens.app.sign
import id.payung.screens.app.stands
import id.payung.screens.app.tone
import id.payung.screens.app.written
import id.payung.screens.parts.Chip
import id.payung.screens.parts.Choice
import id.payung.screens.parts.Empty
import id.payung.screens.parts.Field
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.TopBar
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.screens.theme.Look
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.launch

/** What the list shows: as many rows as were scrolled to. */
data class WorkersUiState(
    val typed: String = "",
    val filter: WorkerFilter = WorkerFilter.ALL,
    val rows: List<WorkerSummary> = emptyList(),
    val more: PageKey? = null,
    val total: Long = 0,
    val read: Boolean = false,
    val problem: CoreException? = null,
)

class WorkersViewModel(
    core: CoreClient,
    filter: WorkerFilter,
) : CoreModel(core) {
    private data class Asked(val typed: String, val filter: WorkerFilter, val pages: Int)

    private val asked = MutableStateFlow(Asked("", filter, 1))
    private val shown = MutableStateFlow(WorkersUiState(filter = filter))
    val state: StateFlow<WorkersUiState> get() = shown

    init {
        viewModelScope.launch {
            // what is typed while a page is read makes that page vain
            core.changes.combine(asked) { _, now -> now }.collectLatest { now ->
                shown.value =
                    try {
                        core.ask { client ->
                            val rows = mutableListOf<WorkerSummary>()
                            var after: PageKey? = null
                            var turn = 0
                            do {
                                val page =
                                    if (now.typed.isNotBlank()) {
                                        client.search(now.typed, after, PAGE)
                                    } else {
                                        client.workers(WorkerQuery(null, null, null, emptyList(), now.filter.phases.toList(), null, after, PAGE.toULong()))
                                    }
                                rows += page.rows
                                after = page.next
                            } while (after != null && ++turn < now.pages)
                            val fitting = if (now.typed.isNotBlank() && now.filter != WorkerFilter.ALL) rows.filter { it.phase in now.filter.phases } else rows
                            WorkersUiState(now.typed, now.filter, fitting, after, client.counts().workers.toLong(), true)
                        }
                    } catch (problem: CoreException) {
                        shown.value.copy(problem = problem, read = true)
                    }
            }
        }
    }

    fun type(text: String) {
        shown.value = shown.value.copy(typed = text)
        asked.value = asked.value.copy(typed = text, pages = 1)
    }

    fun choose(filter: WorkerFilter) {
        shown.value = shown.value.copy(filter = filter)
        asked.value = asked.value.copy(filter = filter, pages = 1)
    }

    fun more() {
        val now = asked.value
        // one more page once the last asked for is there
        if (shown.value.more != null && shown.value.rows.size >= (now.pages - 1) * PAGE.toInt()) asked.value = now.copy(pages = now.pages + 1)
    }

    private companion object {
        val PAGE = 50u
    }
}

@Composable
fun WorkersRoute(filter: WorkerFilter) {
    val container = LocalContainer.current
    val model = viewModel { WorkersViewModel(container.core, filter) }
    val state by model.state.collectAsState()
    WorkersScreen(state, model::type, model::choose, model::more, container.navigator::go)
}

@Composable
fun WorkersScreen(
    state: WorkersUiState,
    onType: (String) -> Unit,
    onFilter: (WorkerFilter) -> Unit,
    onMore: () -> Unit,
    go: (Place) -> Unit,
) {
    val words = LocalWords.current
    val colours = LocalColours.current
    val letters = LocalLetters.current
    Column(Modifier.fillMaxSize().background(colours.ground)) {
        TopBar(words.workersTitle, onBack = null) { Text(words.people(state.total.toString()), style = letters.small, color = colours.mute) }
        Column(Modifier.padding(horizontal = Look.side)) {
            Field(words.workersSearch, state.typed, onType, last = true, hint = words.workersSearchHint)
            Row(
                Modifier.fillMaxWidth().horizontalScroll(rememberScrollState()).padding(vertical = 8.dp),
                horizontalArrangement = Arrangement.spacedBy(8.dp),
            ) {
                for (filter in WorkerFilter.entries) {
                    val name =
                        when (filter) {
                            WorkerFilter.ALL -> words.filterAll
                            WorkerFilter.FIXING -> words.filterFixing
                            WorkerFilter.LAPSING -> words.filterLapsing
                            WorkerFilter.WAITING -> words.filterWaiting
                            WorkerFilter.COVERED -> words.filterCovered
                            WorkerFilter.ENDED -> words.filterEnded
                        }
                    Choice(name, state.filter == filter, { onFilter(filter) })
                }
            }
        }
        state.problem?.let { Wrong(words.sentence(it), Modifier.padding(horizontal = Look.side)) }
        LazyColumn(Modifier.weight(1f).fillMaxWidth().testTag("workers")) {
            items(state.rows, key = { it.id }) { worker ->
                WorkerRow(worker) { go(Place.Detail(worker.id)) }
                HorizontalDivider(Modifier.padding(horizontal = Look.side), color = colours.line)
            }
            if (state.more != null) item(key = "more") { LaunchedEffect(state.rows.size) { onMore() } }
            if (state.read && state.rows.isEmpty() && state.problem == null) {
                item(key = "none") {
                    if (state.typed.isBlank() && state.filter == WorkerFilter.ALL) {
                        Empty(words.workersNone, words.homeEmptyDo)
                    } else {
                        Empty(words.workersNoneFound, words.workersNoneFoundDo)
                    }
                }
            }
            item(key = "list") {
                Column(Modifier.fillMaxWidth().padding(Look.side), horizontalAlignment = Alignment.CenterHorizontally) {
                    LinkButton(words.importList, { go(Place.Import) })
                }
            }
        }
    }
}

@Composable
fun WorkerRow(
    worker: WorkerSummary,
    onClick: () -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    Row(
        Modifier
            .fillMaxWidth()
            .heightIn(min = 64.dp)
            .clickable(role = Role.Button, onClick = onClick)
            .padding(horizontal = Look.side, vertical = 10.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        Column(Modifier.weight(1f)) {
            Text(written(worker.name), style = letters.strong)
            val job = worker.occupation?.let { occupationOf(it)?.name?.lowercase() ?: it }
            Text(listOfNotNull(job, ending(worker.nik)).joinToString(" · "), style = letters.small, color = LocalColours.current.mute)
        }
        Spacer(Modifier.width(10.dp))
        when {
            worker.conflict -> Chip(words.conflictChip, Tone.ATTENTION, Modifier.widthOfChip(), Signs.Warn)
            worker.refused -> Chip(words.refusedChip, Tone.BAD, Modifier.widthOfChip(), Signs.Warn)
            else -> worker.phase.let { phase -> Chip(words.stands(worker), phase?.tone ?: Tone.QUIET, Modifier.widthOfChip(), phase?.sign) }
        }
    }
}

private fun Modifier.widthOfChip(): Modifier = widthIn(max = 170.dp)
