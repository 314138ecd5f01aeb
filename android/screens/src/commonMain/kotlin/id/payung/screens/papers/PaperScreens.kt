package id.payung.screens.papers

import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.setValue
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.CoreException
import id.payung.core.Imported
import id.payung.core.Language
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.sentence
import id.payung.screens.app.spoken
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Chip
import id.payung.screens.parts.Heading
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Way
import id.payung.screens.parts.Written
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import kotlinx.coroutines.launch

class SlipViewModel(
    core: CoreClient,
    worker: String,
) : CoreModel(core) {
    val state = read { it.slip(worker) }
}

/** For a worker without a phone: to be printed, or copied by hand. */
@Composable
fun SlipRoute(
    worker: String,
    onBack: () -> Unit,
) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val letters = LocalLetters.current
    val scope = rememberCoroutineScope()
    val model = viewModel { SlipViewModel(container.core, worker) }
    val state by model.state.collectAsState()
    val slip = (state as? Loaded.Here)?.value
    val sharing = container.platform.sharing
    Screen(words.slip, onBack, foot = {
        if (slip != null && sharing != null) {
            MainButton(words.share, { scope.launch { sharing.share("slip.txt", "text/plain", slip.text.toByteArray()) } }, sign = Signs.Print)
        }
    }) {
        when (val now = state) {
            Loaded.Reading -> Busy(words.opening)
            is Loaded.Failed -> Wrong(words.sentence(now.problem))
            is Loaded.Here -> {
                val paper = now.value
                Paper {
                    Chip(paper.heading, if (paper.covered) Tone.GOOD else Tone.QUIET)
                    Text(paper.name, style = letters.headline)
                    Text("NIK ${paper.nik}", style = letters.body)
                    Text(paper.status, style = letters.strong)
                    paper.payment?.let { payment ->
                        Written(words.paymentCode, payment.code)
                        Text(payment.amount, style = letters.headline)
                        Text(words.payBy(payment.lastDay), style = letters.body)
                        Text(payment.place, style = letters.small)
                    }
                    Text(paper.nextStep, style = letters.body)
                    Text(paper.feedback, style = letters.small)
                    Text(paper.written, style = letters.small)
                }
            }
        }
    }
}

class OwnRecordViewModel(
    core: CoreClient,
    worker: String,
    language: Language,
) : CoreModel(core) {
    val state = read { it.ownRecord(worker, language) }
}

/** All that this phone keeps about a person, for that person. */
@Composable
fun OwnRecordRoute(
    worker: String,
    onBack: () -> Unit,
) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val letters = LocalLetters.current
    val scope = rememberCoroutineScope()
    val model = viewModel { OwnRecordViewModel(container.core, worker, words.spoken) }
    val state by model.state.collectAsState()
    val record = (state as? Loaded.Here)?.value
    val sharing = container.platform.sharing
    Screen(words.ownRecord, onBack, foot = {
        if (record != null && sharing != null) {
            MainButton(words.share, { scope.launch { sharing.share("data.txt", "text/plain", record.text.toByteArray()) } }, sign = Signs.Print)
        }
    }) {
        when (val now = state) {
            Loaded.Reading -> Busy(words.opening)
            is Loaded.Failed -> Wrong(words.sentence(now.problem))
            is Loaded.Here -> {
                Text(now.value.title, style = letters.title)
                if (now.value.note.isNotBlank()) Note(now.value.note)
                for (section in now.value.sections) {
                    Heading(section.title)
                    Paper { for (row in section.rows) Written(row.label, row.text) }
                }
                Note(now.value.rights)
            }
        }
    }
}

/** An RT's own list, as forms on their way: the whole list or nothing. */
@Composable
fun ImportScreen(onBack: () -> Unit) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val letters = LocalLetters.current
    val scope = rememberCoroutineScope()
    var done by remember { mutableStateOf<Imported?>(null) }
    var problem by remember { mutableStateOf<CoreException?>(null) }
    val files = container.platform.files
    Screen(words.importList, onBack, foot = {
        if (files != null) {
            MainButton(words.importChoose, {
                scope.launch {
                    val bytes = files.choose() ?: return@launch
                    problem = null
                    done = null
                    try {
                        done = container.core.ask { it.importList(bytes) }
                    } catch (refused: CoreException) {
                        problem = refused
                    }
                }
            }, sign = Signs.Lines)
        }
    }) {
        Text(words.importHow, style = letters.body)
        if (files == null) Note(words.importNoFiles, tone = Tone.ATTENTION)
        problem?.let { refused ->
            Wrong(words.sentence(refused))
            if (refused is CoreException.ListRefused) {
                for (cell in refused.cells) Written(words.importLine(cell.line.toString()), words.why(cell.code) ?: words.fieldWrong)
            }
        }
        done?.let { all ->
            Note(words.importDone(all.forms.size.toString(), all.known.size.toString()), tone = Tone.GOOD, sign = Signs.Tick)
            for (row in all.forms.take(SHOWN)) {
                Way(words.importLine(row.line.toString()), row.warnings.mapNotNull { words.why(it) }.joinToString(" ").ifBlank { words.formGoOnUnder }, {
                    container.navigator.go(Place.Register(form = row.form))
                })
            }
        }
    }
}

private const val SHOWN = 50
