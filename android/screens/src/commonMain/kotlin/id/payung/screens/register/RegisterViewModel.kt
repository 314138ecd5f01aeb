package id.payung.screens.register

import androidx.lifecycle.viewModelScope
import id.payung.client.CoreClient
import id.payung.core.AgreementView
import id.payung.core.Breakdown
import id.payung.core.ConsentText
import id.payung.core.CoreException
import id.payung.core.Drawing
import id.payung.core.EcosystemView
import id.payung.core.FieldError
import id.payung.core.FieldValue
import id.payung.core.Language
import id.payung.core.NewPhoto
import id.payung.core.NikCheck
import id.payung.core.Occupation
import id.payung.core.Point
import id.payung.core.WorkerSummary
import id.payung.core.consentNow
import id.payung.core.occupationOf
import id.payung.core.occupations
import id.payung.screens.app.CoreModel
import id.payung.screens.app.Locator
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/** What a registration shows. */
data class RegisterUiState(
    val ready: Boolean = false,
    /** A record that is there already, to be corrected. */
    val record: String? = null,
    val step: Step = if (record == null) Step.NIK else Step.NAME,
    val fields: Fields = emptyMap(),
    /** What is wrong with the page, once the person went on. */
    val wrong: List<FieldError> = emptyList(),
    val nik: NikCheck? = null,
    /** Who has this NIK on this phone. */
    val same: WorkerSummary? = null,
    /** Oddities of the NIK that the person looked at. */
    val confirmed: Boolean = false,
    val jobs: List<Occupation> = emptyList(),
    val job: Occupation? = null,
    val price: Breakdown? = null,
    val agreements: List<AgreementView> = emptyList(),
    val ecosystems: List<EcosystemView> = emptyList(),
    val consent: ConsentText? = null,
    val photo: ByteArray? = null,
    val problem: Throwable? = null,
    val saving: Boolean = false,
    /** The worker, once saved. */
    val saved: String? = null,
) {
    /** The pages there are: what was agreed to is not corrected, and the NIK only where it is typed anew. */
    val steps: List<Step> get() = if (record == null) Step.entries else Step.CORRECTING
}

/**
 * A registration on its way. Every field is saved in the core as it is typed, in the order in which it was: a kill loses at most
 * the letter under the finger.
 */
class RegisterViewModel(
    core: CoreClient,
    private val form: Long?,
    private val record: String?,
    private val self: Boolean,
    private val language: () -> Language,
    private val locator: Locator?,
) : CoreModel(core) {
    private val shown = MutableStateFlow(RegisterUiState(record = record))
    val state: StateFlow<RegisterUiState> get() = shown

    private var draft = 0L
    private val typed = Channel<Pair<Map<String, FieldValue>, (suspend () -> Unit)?>>(Channel.UNLIMITED)

    init {
        viewModelScope.launch {
            guarded {
                val opened = core.ask { client -> client.forms().firstOrNull { it.id == form } ?: client.openForm(record) }
                draft = opened.id
                val step = opened.fields.whole(STEP)?.toInt()?.let { Step.entries.getOrNull(it) } ?: if (opened.record == null) Step.NIK else Step.NAME
                val fields = (if (opened.record == null) emptyMap() else flat(opened.shown)) + opened.fields
                val (agreements, ecosystems) = core.ask { it.agreements(null) to it.ecosystems() }
                shown.value =
                    shown.value.copy(
                        ready = true,
                        record = opened.record,
                        step = step,
                        fields = fields,
                        job = fields.text(FIRST_JOB).takeIf(String::isNotBlank)?.let(::occupationOf),
                        agreements = agreements.filter { it.agreement.ended == null },
                        ecosystems = ecosystems.filter { it.ecosystem != null },
                        consent = consentNow(language()),
                    )
                if (opened.fields.isEmpty() && record == null) begin()
                look()
            }
            // one after the other, so that the last letter is the last
            for ((fields, then) in typed) {
                guarded {
                    if (fields.isNotEmpty()) core.ask { it.typeFields(draft, fields) }
                    then?.invoke()
                }
            }
        }
    }

    private suspend fun guarded(act: suspend () -> Unit) =
        try {
            act()
        } catch (problem: CoreException) {
            shown.update { it.copy(problem = problem, saving = false) }
        }

    /** What a new form begins with: the cover that most take, who the official is, where the phone is. */
    private suspend fun begin() {
        val start = mutableMapOf<String, FieldValue>()
        start["cover.programs"] = FieldValue.Items(listOf(FieldValue.Text("jkk"), FieldValue.Text("jkm")))
        start["cover.months"] = FieldValue.Whole(6)
        start["cover.payer"] = FieldValue.Text("self")
        if (self) start["self"] = FieldValue.Flag(true)
        shown.update { it.copy(fields = it.fields + start) }
        core.ask { it.typeFields(draft, start) }
        viewModelScope.launch {
            val here = locator?.here() ?: return@launch
            save(
                mapOf(
                    "capture.lat_e6" to FieldValue.Whole(here.latE6.toLong()),
                    "capture.lon_e6" to FieldValue.Whole(here.lonE6.toLong()),
                    "capture.accuracy" to FieldValue.Whole(here.accuracy.toLong()),
                ),
            )
        }
    }

    private fun save(
        fields: Map<String, FieldValue>,
        then: (suspend () -> Unit)? = null,
    ) {
        shown.update { now -> now.copy(fields = now.fields + fields, wrong = now.wrong.filterNot { it.field in fields.keys }, problem = null) }
        // what is only the form's own must not become a field of a record
        typed.trySend((if (record == null) fields else fields.filterKeys { !it.startsWith("form.") }) to then)
    }

    fun type(
        field: String,
        text: String,
    ) = save(
        mapOf(field to FieldValue.Text(text)),
        when (field) {
            "nik" -> ::checkNik
            "income", "income.days" -> ::look
            else -> null
        },
    )

    fun set(
        field: String,
        value: FieldValue,
    ) = save(mapOf(field to value), ::look)

    /** Looks for occupations as it is typed. */
    fun searchJob(text: String) {
        shown.update { it.copy(jobs = if (text.isBlank()) emptyList() else occupations(text, JOBS), job = null) }
        save(mapOf(JOB_TYPED to FieldValue.Text(text), FIRST_JOB to FieldValue.Empty))
    }

    fun chooseJob(job: Occupation) {
        shown.update { it.copy(job = job, jobs = emptyList()) }
        save(mapOf(FIRST_JOB to FieldValue.Text(job.code), JOB_TYPED to FieldValue.Text(job.name)), ::look)
    }

    fun confirm() = shown.update { it.copy(confirmed = true) }

    fun photograph(photo: ByteArray?) = shown.update { it.copy(photo = photo) }

    /** The texts in another language, as the worker understands best. */
    fun readIn(language: Language) {
        val text = consentNow(language)
        shown.update { it.copy(consent = text) }
    }

    /** The text was read to its end and agreed to. */
    fun agree(agreed: Boolean) {
        val text = shown.value.consent ?: return
        val code =
            when (text.language) {
                Language.English -> "en"
                Language.Banyumasan -> "jv"
                else -> "id"
            }
        val version = if (agreed) FieldValue.Text(text.version) else FieldValue.Empty
        val spoken = if (agreed) FieldValue.Text(code) else FieldValue.Empty
        save(mapOf("consent.text_version" to version, "consent.language" to spoken, "consent.read_by" to FieldValue.Text("official")))
    }

    private suspend fun checkNik() {
        val nik = shown.value.fields.text("nik")
        if (nik.length != NIK_DIGITS) {
            shown.update { it.copy(nik = null, same = null, confirmed = false) }
            return
        }
        try {
            val (check, same) = core.ask { client -> client.checkNik(nik, draft) to client.search(nik, null, 1u).rows.firstOrNull { it.id != record } }
            val filled = mutableMapOf<String, FieldValue>()
            check.birth?.takeIf { shown.value.fields.text("birth.date").isBlank() }?.let { filled["birth.date"] = FieldValue.Text(it) }
            check.sex?.takeIf { shown.value.fields.text("birth.sex").isBlank() }?.let { filled["birth.sex"] = FieldValue.Text(it.name.lowercase()) }
            if (filled.isNotEmpty()) core.ask { it.typeFields(draft, filled) }
            shown.update { it.copy(nik = check, same = same, fields = it.fields + filled, wrong = it.wrong.filterNot { error -> error.field == "nik" }) }
        } catch (refused: CoreException.Invalid) {
            shown.update { it.copy(nik = null, same = null, wrong = refused.fields) }
        }
    }

    /** What it costs, as far as it is filled in. */
    private suspend fun look() {
        val price =
            try {
                core.ask { it.price(draft) }
            } catch (_: CoreException.Invalid) {
                null
            }
        shown.update { it.copy(price = price) }
    }

    /** On, if this page is right. */
    fun next() {
        typed.trySend(
            emptyMap<String, FieldValue>() to suspend {
                val now = shown.value
                // a correction is checked as a whole when it is saved: what is not touched stays as the office has it
                val wrong = if (record != null) emptyList() else core.ask { it.checkForm(draft, null) }.filter { now.step.has(it.field) }
                if (wrong.isEmpty()) turn(1) else shown.update { it.copy(wrong = wrong) }
            },
        )
    }

    /** On or back among the pages there are. */
    fun turn(by: Int) {
        val now = shown.value
        val at = now.steps.indexOf(now.step).coerceAtLeast(0)
        goTo(now.steps[(at + by).coerceIn(0, now.steps.lastIndex)].ordinal)
    }

    fun goTo(step: Int) {
        val place = Step.entries[step.coerceIn(0, Step.entries.lastIndex)]
        shown.update { it.copy(step = place, wrong = emptyList(), problem = null) }
        save(mapOf(STEP to FieldValue.Whole(place.ordinal.toLong())))
    }

    /** Registers, or saves the corrections. What the core refuses is shown on its page. */
    fun register() {
        if (shown.value.saving) return
        shown.update { it.copy(saving = true, problem = null) }
        typed.trySend(
            emptyMap<String, FieldValue>() to suspend {
                try {
                    val now = shown.value
                    val worker = if (record != null) core.ask { it.saveForm(draft) }.let { record } else core.ask { it.register(draft, null) }.ids.worker
                    attach(worker, now)
                    shown.update { it.copy(saving = false, saved = worker) }
                } catch (refused: CoreException.Invalid) {
                    val first = refused.fields.minByOrNull { Step.of(it.field).ordinal }
                    shown.update { it.copy(saving = false, wrong = refused.fields, step = first?.let { error -> Step.of(error.field) } ?: it.step) }
                }
            },
        )
    }

    /** The registration is safe already; a picture that is refused is said and asked for again. */
    private suspend fun attach(
        worker: String,
        now: RegisterUiState,
    ) {
        val drawn = strokes(now.fields.text(SIGNATURE))
        val mark = now.fields.yes(IS_MARK)
        val witness = now.fields.text("consent.witness").takeIf { it.isNotBlank() }
        if (drawn.isNotEmpty()) {
            val new = NewPhoto(worker, if (mark) "mark" else "signature", witness.takeIf { mark }, null, 1, false)
            val drawing = Drawing(CANVAS_WIDTH, CANVAS_HEIGHT, drawn.map { stroke -> stroke.map { (x, y) -> Point(x, y) } })
            core.ask { it.attachDrawing(new, drawing) }
        }
        now.photo?.let { bytes -> core.ask { it.attach(NewPhoto(worker, "photo", null, null, 0, true), bytes) } }
    }

    /** Another one of the same house: address, phone and payer stay. */
    suspend fun sameHouse(): Long =
        core.ask { client ->
            val kept = shown.value.fields.filterKeys { it in OF_THE_HOUSE }
            val opened = client.openForm(null)
            client.typeFields(opened.id, kept)
            opened.id
        }

    fun discard(then: () -> Unit) {
        perform {
            core.ask { it.discardForm(draft) }
            then()
        }
    }

    companion object {
        const val NIK_DIGITS = 16
        val CANVAS_WIDTH: UShort = 600u
        val CANVAS_HEIGHT: UShort = 300u
        private val JOBS = 6u
        private const val FIRST_JOB = "occupations.first"

        /** Kept with the form, and no field of the record. */
        private const val STEP = "form.step"
        const val JOB_TYPED = "form.job"
        const val SIGNATURE = "form.signature"
        const val IS_MARK = "form.mark"
    }
}
