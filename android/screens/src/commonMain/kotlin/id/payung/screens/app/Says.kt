package id.payung.screens.app

import id.payung.core.Phase
import id.payung.core.WorkerSummary
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Tone
import id.payung.words.Words
import id.payung.words.WordsID
import androidx.compose.ui.graphics.vector.ImageVector

/** The stable code of a phase, as words are looked up by. */
val Phase.code: String
    get() =
        when (this) {
            Phase.Draft -> "draft"
            Phase.Queued -> "queued"
            Phase.WithHub -> "with_hub"
            Phase.Received -> "received"
            Phase.Verified -> "verified"
            Phase.Returned -> "returned"
            Phase.Submitted -> "submitted"
            Phase.Numbered -> "numbered"
            Phase.PaidNotStarted -> "paid_not_started"
            Phase.Covered -> "covered"
            Phase.Lapsing -> "lapsing"
            is Phase.Arrears -> "arrears"
            Phase.Ended -> "ended"
            Phase.Closed -> "closed"
            Phase.Unknown -> "unknown"
        }

val Phase.tone: Tone
    get() =
        when (this) {
            Phase.Covered -> Tone.GOOD
            Phase.Lapsing, Phase.Numbered, is Phase.Arrears -> Tone.ATTENTION
            Phase.Returned, Phase.Ended -> Tone.BAD
            Phase.Draft, Phase.Closed, Phase.Unknown -> Tone.QUIET
            else -> Tone.WAITING
        }

val Phase.sign: ImageVector
    get() =
        when (this) {
            Phase.Covered -> Signs.Umbrella
            Phase.Lapsing, is Phase.Arrears -> Signs.Clock
            Phase.Returned -> Signs.Returned
            Phase.Ended, Phase.Closed -> Signs.Cross
            Phase.Draft -> Signs.Pen
            Phase.Queued, Phase.WithHub -> Signs.Phone
            else -> Signs.Cloud
        }

/** A few words for where somebody stands. The core's own have dates and reasons, and are Indonesian. */
fun Words.stands(
    phase: Phase?,
    label: String,
): String = if (this === WordsID || phase == null) label else phase(phase.code) ?: label

/** What to do next, likewise. */
fun Words.comes(
    phase: Phase?,
    nextStep: String,
): String = if (this === WordsID || phase == null) nextStep else next(phase.code) ?: nextStep

fun Words.stands(worker: WorkerSummary): String = stands(worker.phase, worker.label)

/** `SUWARTI AYU` as people write it. */
fun written(name: String): String =
    name.split(' ').joinToString(" ") { part -> part.take(1) + part.drop(1).lowercase() }

/** Rupiah with dots. */
fun rupiah(sum: Long): String = "Rp " + sum.toString().reversed().chunked(3).joinToString(".").reversed()

/** The last four digits of a masked NIK: all that a list shows of it. */
fun ending(nik: String): String = nik.takeLast(4)

/** In fours, to be copied. */
fun inFours(digits: String): String = digits.chunked(4).joinToString(" ")

private val MONTHS =
    mapOf(
        "id" to listOf("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember"),
        "en" to listOf("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    )

/** `2027-10` as `Oktober 2027`. */
fun Words.month(month: String): String {
    val parts = month.split('-')
    val names = MONTHS[language] ?: MONTHS.getValue("id")
    val name = parts.getOrNull(1)?.toIntOrNull()?.let { names.getOrNull(it - 1) } ?: return month
    return "$name ${parts[0]}"
}

/** `2026-11-30` as `30 November 2026`. */
fun Words.day(date: String): String {
    val parts = date.take(10).split('-')
    val day = parts.getOrNull(2)?.toIntOrNull() ?: return date
    return "$day ${month(parts[0] + "-" + parts[1])}"
}
