package id.payung.screens.register

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.gestures.awaitEachGesture
import androidx.compose.foundation.gestures.awaitFirstDown
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberUpdatedState
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.graphics.Path
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.StrokeJoin
import androidx.compose.ui.graphics.drawscope.Stroke
import androidx.compose.ui.input.pointer.pointerInput
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import id.payung.core.FieldValue
import id.payung.core.Language
import id.payung.core.Level
import id.payung.core.RegionPath
import id.payung.core.region
import id.payung.core.regions
import id.payung.screens.app.day
import id.payung.screens.app.rupiah
import id.payung.screens.parts.Choice
import id.payung.screens.parts.Field
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Signs
import id.payung.screens.parts.TickRow
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Typed
import id.payung.screens.parts.Way
import id.payung.screens.parts.Written
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import id.payung.screens.theme.Look

@Composable
internal fun ConsentPage(
    state: RegisterUiState,
    actions: RegisterActions,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val fields = state.fields
    TickRow(words.declareWorks, fields.yes("declaration.independent"), { actions.set("declaration.independent", FieldValue.Flag(it)) })
    state.wrongOf("declaration.independent")?.let { Wrong(it) }
    TickRow(words.declareHealthy, fields.yes("declaration.healthy"), { actions.set("declaration.healthy", FieldValue.Flag(it)) })
    state.wrongOf("declaration.healthy")?.let { Wrong(it) }
    Heading(words.consentRead)
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        val languages = listOf(Language.Indonesian to "Indonesia", Language.Banyumasan to "Banyumasan")
        for ((language, name) in languages) Choice(name, state.consent?.language == language, { actions.readIn(language) })
    }
    Paper(tone = Tone.WAITING) {
        for (paragraph in state.consent?.paragraphs.orEmpty()) {
            Text(paragraph, style = letters.body)
        }
        state.consent?.note?.takeIf { it.isNotBlank() }?.let { Text(it, style = letters.small, color = LocalColours.current.mute) }
    }
    TickRow(words.consentAgreed, fields.text("consent.text_version").isNotBlank(), actions.agree)
    state.wrongOf("consent", "consent.text_version")?.let { Wrong(it) }
    val mark = fields.yes(RegisterViewModel.IS_MARK)
    Heading(if (mark) words.markHere else words.signHere)
    SignaturePad(strokes(fields.text(RegisterViewModel.SIGNATURE)), if (mark) words.markHere else words.signHere) {
        actions.set(RegisterViewModel.SIGNATURE, FieldValue.Text(text(it)))
    }
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
        LinkButton(words.signAgain, { actions.set(RegisterViewModel.SIGNATURE, FieldValue.Text("")) })
        LinkButton(if (mark) words.canSign else words.cannotSign, { actions.set(RegisterViewModel.IS_MARK, FieldValue.Flag(!mark)) })
    }
    if (mark) Field(words.witness, fields.text("consent.witness"), { actions.type("consent.witness", it) }, typed = Typed.NAME, wrong = state.wrongOf("consent.witness"), last = true)
    if (actions.photograph != null) {
        OtherButton(if (state.photo == null) words.photoTake else words.photoAgain, actions.photograph, sign = Signs.Camera)
        Text(if (state.photo == null) words.photoWhy else words.photoTaken, style = letters.small, color = LocalColours.current.mute)
    }
}

/** Draws with a finger on a canvas of fixed size; what is drawn is kept as points on it. */
@Composable
internal fun SignaturePad(
    strokes: List<List<Pair<Int, Int>>>,
    name: String,
    onDrawn: (List<List<Pair<Int, Int>>>) -> Unit,
) {
    val colours = LocalColours.current
    var drawing by remember { mutableStateOf<List<Pair<Int, Int>>>(emptyList()) }
    val before by rememberUpdatedState(strokes)
    val drawn by rememberUpdatedState(onDrawn)
    val width = RegisterViewModel.CANVAS_WIDTH.toInt()
    val height = RegisterViewModel.CANVAS_HEIGHT.toInt()
    val shape = RoundedCornerShape(Look.corner)
    Canvas(
        Modifier
            .fillMaxWidth()
            .aspectRatio(width / height.toFloat())
            .clip(shape)
            .background(colours.card)
            .border(1.5.dp, colours.edge, shape)
            .testTag("signature")
            .semantics { contentDescription = name }
            .pointerInput(Unit) {
                fun point(at: Offset) =
                    (at.x / size.width * width).toInt().coerceIn(0, width - 1) to (at.y / size.height * height).toInt().coerceIn(0, height - 1)
                awaitEachGesture {
                    val down = awaitFirstDown()
                    down.consume()
                    var points = listOf(point(down.position))
                    drawing = points
                    while (true) {
                        val change = awaitPointerEvent().changes.firstOrNull { it.id == down.id } ?: break
                        if (!change.pressed) break
                        change.consume()
                        points = points + point(change.position)
                        drawing = points
                    }
                    drawn(before + listOf(points))
                    drawing = emptyList()
                }
            },
    ) {
        for (stroke in strokes + listOf(drawing)) {
            if (stroke.isEmpty()) continue
            val path = Path()
            stroke.forEachIndexed { at, (x, y) ->
                val px = x * size.width / width
                val py = y * size.height / height
                if (at == 0) path.moveTo(px, py) else path.lineTo(px, py)
            }
            drawPath(path, colours.ink, style = Stroke(3.dp.toPx(), cap = StrokeCap.Round, join = StrokeJoin.Round))
        }
    }
}

/** Everything once more, before it is saved: each line leads back to its page. */
@Composable
internal fun ReviewPage(
    state: RegisterUiState,
    actions: RegisterActions,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val fields = state.fields

    @Composable
    fun part(
        step: Step,
        title: String,
        lines: List<String>,
    ) {
        val wrong = state.wrong.filter { step.has(it.field) }
        val under = lines.filter { it.isNotBlank() }.joinToString("\n").ifBlank { words.notFilled }
        Way(title, under, { actions.goTo(step.ordinal) }, tone = if (wrong.isEmpty()) null else Tone.BAD)
        if (wrong.isNotEmpty()) Wrong(wrong.joinToString("\n") { words.sentenceOf(it) })
    }
    val nik = fields.text("nik")
    part(Step.NIK, words.stepNik, listOf(listOf(nik.take(6), nik.drop(6).take(6), nik.drop(12)).joinToString(" ").trim()))
    part(
        Step.NAME,
        words.stepName,
        listOf(
            fields.text("name").uppercase(),
            listOf(fields.text("birth.place").uppercase(), fields.text("birth.date").takeIf { it.isNotBlank() }?.let { words.day(it) }.orEmpty())
                .filter { it.isNotBlank() }
                .joinToString(", "),
            fields.text("mother_name").takeIf { it.isNotBlank() }?.let { words.motherIs(it.uppercase()) }.orEmpty(),
        ),
    )
    part(Step.ADDRESS, words.stepAddress, listOf(fields.text("home.line"), fields.text("home.landmark")))
    part(
        Step.WORK,
        words.stepWork,
        listOf(
            state.job?.name.orEmpty(),
            fields.text("income").toLongOrNull()?.let { if (fields.text("income.days").isBlank()) words.aMonth(rupiah(it)) else words.aDay(rupiah(it), fields.text("income.days")) }
                ?: fields.text("income"),
        ),
    )
    if (state.record == null) {
        part(Step.COVER, words.stepCover, listOf(fields.items("cover.programs").joinToString(" + ") { it.uppercase() }, words.months(fields.whole("cover.months")?.toString() ?: "0")))
    }
    part(Step.FAMILY, words.stepFamily, fields.heirs().map { it.name.uppercase() } + fields.text("phone"))
    if (state.record == null) {
        val agreed = fields.text("consent.text_version").isNotBlank()
        val signed = fields.text(RegisterViewModel.SIGNATURE).isNotBlank()
        part(Step.CONSENT, words.stepConsent, listOf(if (agreed) words.consentDone else "", if (signed) words.signed else words.notSigned))
        state.price?.let { PriceBox(it, letters) }
    }
    Note(words.reviewSafe)
}

/** A village of anywhere in Indonesia, by its name. */
@Composable
internal fun VillageField(
    code: String,
    wrong: String?,
    onChoose: (String) -> Unit,
) {
    val words = LocalWords.current
    var typed by remember { mutableStateOf("") }
    var found by remember { mutableStateOf<List<RegionPath>>(emptyList()) }
    LaunchedEffect(typed) { found = if (typed.length < LEAST_LETTERS) emptyList() else regions(typed, Level.VILLAGE, null, FOUND) }
    val chosen = code.takeIf { it.isNotBlank() }?.let { region(it) }
    if (chosen != null) Written(words.village, listOfNotNull(chosen.village, chosen.district, chosen.regency).joinToString(", "))
    Field(words.villageSearch, typed, { typed = it }, wrong = wrong, last = true)
    Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
        for (path in found) {
            Way(path.village.orEmpty(), listOfNotNull(path.district, path.regency).joinToString(", "), {
                onChoose(path.code)
                typed = ""
            })
        }
    }
}

private const val LEAST_LETTERS = 3
private val FOUND = 6u
