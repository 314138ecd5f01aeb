package id.payung.screens.card

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.background
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import androidx.lifecycle.viewmodel.compose.viewModel
import id.payung.client.CoreClient
import id.payung.core.CardCode
import id.payung.core.CardPaper
import id.payung.core.FieldValue
import id.payung.core.MemberCard
import id.payung.core.Phase
import id.payung.core.WorkerDetail
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Loaded
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.Place
import id.payung.screens.app.Platform
import id.payung.screens.app.comes
import id.payung.screens.app.day
import id.payung.screens.app.inFours
import id.payung.screens.app.month
import id.payung.screens.app.rupiah
import id.payung.screens.app.sentence
import id.payung.screens.parts.Busy
import id.payung.screens.parts.Chip
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.screens.parts.UmbrellaMark
import id.payung.screens.parts.Way
import id.payung.screens.parts.Written
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords

/** A membership card, or that there is none yet and why. */
data class CardUiState(
    val worker: WorkerDetail,
    val card: MemberCard?,
    val kpj: String?,
)

class CardViewModel(
    core: CoreClient,
    private val worker: String,
    private val platform: Platform,
) : CoreModel(core) {
    val state =
        read { client ->
            val detail = client.worker(worker)
            CardUiState(detail, client.card(worker), (detail.record.fields["kpj"]?.value as? FieldValue.Text)?.text)
        }

    fun share(
        paper: CardPaper,
        name: String,
    ) = perform {
        val pdf = core.ask { it.cardPdf(worker, paper, BRANCH, FEEDBACK) }
        platform.sharing?.share(name, "application/pdf", pdf)
    }

    private companion object {
        const val BRANCH = "BPJS Ketenagakerjaan Purwokerto"
        const val FEEDBACK = "175"
    }
}

@Composable
fun CardRoute(
    worker: String,
    onBack: (() -> Unit)?,
) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val model = viewModel { CardViewModel(container.core, worker, container.platform) }
    val state by model.state.collectAsState()
    val act by model.act.collectAsState()
    when (val now = state) {
        Loaded.Reading -> Busy(words.opening)
        is Loaded.Failed -> Screen(words.cardTitle, onBack) { Wrong(words.sentence(now.problem)) }
        is Loaded.Here ->
            CardScreen(
                now.value,
                act.problem,
                onBack,
                container.navigator::go,
                container.platform.sharing?.let { { paper -> model.share(paper, "kartu-${now.value.card?.id.orEmpty()}.pdf") } },
                container.platform.brightness::full,
            )
    }
}

@Composable
fun CardScreen(
    state: CardUiState,
    problem: Throwable?,
    onBack: (() -> Unit)?,
    go: (Place) -> Unit,
    onShare: ((CardPaper) -> Unit)?,
    onBright: (Boolean) -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val colours = LocalColours.current
    var large by remember { mutableStateOf(false) }
    val card = state.card
    val worker = state.worker.summary
    if (large && card != null) return LargeCode(card.code, worker.name, onBright) { large = false }
    // the office says who is covered; what verifies cards may not have come yet, and a card may have been taken back since
    val takenBack = card != null && card.verdict.codes.any { it in TAKEN_BACK }
    val covered = card != null && !takenBack && (worker.phase == Phase.Covered || worker.phase == Phase.Lapsing)
    Screen(words.cardTitle, onBack, foot = {
        MainButton(words.accidentNow, { go(Place.Accident(worker.id)) }, colour = colours.kunyit, onColour = Color(0xFF2B1E00))
    }) {
        Column(
            Modifier.fillMaxWidth().clip(RoundedCornerShape(22.dp)).background(if (covered) colours.card else colours.line).padding(18.dp),
        ) {
            Row(Modifier.fillMaxWidth(), horizontalArrangement = Arrangement.SpaceBetween, verticalAlignment = Alignment.CenterVertically) {
                UmbrellaMark(if (covered) colours.nila else colours.mute, Modifier.width(50.dp))
                if (covered) Chip(words.coveredChip, Tone.GOOD, sign = Signs.Umbrella) else Chip(words.notCovered, Tone.QUIET, sign = Signs.Cross)
            }
            Text(worker.name, style = letters.headline)
            Text("NIK ${worker.nik}", style = letters.body, color = colours.mute)
            state.kpj?.let { Written(words.memberNumber, inFours(it)) }
            if (card != null) {
                Written(words.coveredFromTo, words.fromTo(words.day(card.coveredFrom), words.month(card.paidTo)))
                if (takenBack) {
                    Text(card.verdict.heading, style = letters.strong)
                    for (sentence in card.verdict.sentences) Text(sentence, style = letters.body)
                }
                Spacer(Modifier.size(10.dp))
                Code(
                    card.code,
                    words.codeOf(worker.name),
                    Modifier.width(236.dp).align(Alignment.CenterHorizontally).clickable(onClickLabel = words.codeLarge, role = Role.Button) { large = true },
                )
                Text(words.cardOffline, Modifier.fillMaxWidth().padding(top = 8.dp), style = letters.small, color = colours.mute, textAlign = TextAlign.Center)
            } else {
                Spacer(Modifier.size(10.dp))
                Text(words.notCoveredYet, style = letters.strong)
                Text(words.comes(worker.phase, worker.nextStep), style = letters.body)
                val code = state.worker.enrollments.lastOrNull()?.state?.paymentCode
                if (code != null) {
                    Written(words.paymentCode, inFours(code.code))
                    Text("${rupiah(code.amount)} · ${words.payBy(words.day(code.validTo))}", style = letters.strong)
                }
            }
        }
        problem?.let { Wrong(words.sentence(it)) }
        Row(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
            Paper(Modifier.weight(1f), padding = 12) {
                Text(words.benefitAccident, style = letters.strong)
                Text(words.benefitAccidentWhat, style = letters.small)
            }
            Paper(Modifier.weight(1f), padding = 12) {
                Text(words.benefitDeath, style = letters.strong)
                Text(words.benefitDeathWhat, style = letters.small)
            }
        }
        if (card != null && onShare != null) {
            OtherButton(words.printA6, { onShare(CardPaper.A6) }, sign = Signs.Print)
            LinkButton(words.printId1, { onShare(CardPaper.ID1) })
        }
        Way(words.clinicsNear, null, { go(Place.Clinics) }, sign = Signs.Cross2)
        Way(words.feedbackTitle, null, { go(Place.Feedback(worker.id)) }, sign = Signs.Talk)
    }
}

private val TAKEN_BACK = setOf("revoked", "unlisted", "expired")

/** The code over the whole screen, as bright as it goes: for the clinic's camera. */
@Composable
private fun LargeCode(
    code: CardCode,
    name: String,
    onBright: (Boolean) -> Unit,
    onClose: () -> Unit,
) {
    val words = LocalWords.current
    DisposableEffect(Unit) {
        onBright(true)
        onDispose { onBright(false) }
    }
    Column(
        Modifier.fillMaxSize().background(Color.White).clickable(onClickLabel = words.close, role = Role.Button, onClick = onClose).padding(12.dp),
        verticalArrangement = Arrangement.Center,
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        Code(code, words.codeOf(name), Modifier.fillMaxWidth())
        Text(name, style = LocalLetters.current.headline, color = Color(0xFF17202E))
        LinkButton(words.close, onClose)
    }
}

/** A QR code as the core made it: modules in rows, with four of white around. Always black on white, also in the dark. */
@Composable
fun Code(
    code: CardCode,
    said: String,
    modifier: Modifier = Modifier,
) {
    Box(modifier.aspectRatio(1f).background(Color.White).semantics { contentDescription = said }) {
        Canvas(Modifier.fillMaxSize()) {
            val side = code.side.toInt()
            val quiet = 4
            val unit = size.width / (side + 2 * quiet)
            for (y in 0 until side) {
                var x = 0
                while (x < side) {
                    if (code.modules[y * side + x].toInt() == 0) {
                        x++
                        continue
                    }
                    var end = x
                    while (end < side && code.modules[y * side + end].toInt() != 0) end++
                    // half a pixel over the edge, so that no line shows between rows
                    drawRect(Color.Black, Offset((x + quiet) * unit, (y + quiet) * unit), Size((end - x) * unit, unit + 0.5f))
                    x = end
                }
            }
        }
    }
}
