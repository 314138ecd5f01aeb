package id.payung.screens.register

import id.payung.core.FieldValue

/** The pages of a registration, in the order in which people are asked. */
enum class Step(vararg val fields: String) {
    NIK("nik"),
    NAME("name", "birth.date", "birth.place", "birth.sex", "birth", "mother_name"),
    ADDRESS("home", "home.line", "home.landmark", "home.rt", "home.rw", "home.village", "home.postcode"),
    WORK("occupations", "occupations.first", "occupations.second", "work.place", "income", "income.days"),
    COVER("cover", "cover.programs", "cover.months", "cover.payer", "cover.agreement", "cover.start_month", "employer", "earlier_kpj", "ecosystem"),
    FAMILY("phone", "heirs", "notes"),
    CONSENT("declaration", "declaration.independent", "declaration.healthy", "consent", "consent.text_version", "consent.read_by", "consent.witness"),
    REVIEW,
    ;

    fun has(field: String): Boolean = field in fields || fields.any { field.startsWith("$it.") }

    companion object {
        /** What can be corrected of a record that is there. */
        val CORRECTING = listOf(NIK, NAME, ADDRESS, WORK, FAMILY, REVIEW)

        fun of(field: String): Step = entries.firstOrNull { it.has(field) } ?: REVIEW
    }
}

/** What was typed into a form, by the names of docs/PROTOCOL.md. */
typealias Fields = Map<String, FieldValue>

fun Fields.text(name: String): String =
    when (val value = this[name]) {
        is FieldValue.Text -> value.text
        is FieldValue.Whole -> value.number.toString()
        else -> ""
    }

fun Fields.yes(name: String): Boolean = (this[name] as? FieldValue.Flag)?.yes == true

fun Fields.whole(name: String): Long? = (this[name] as? FieldValue.Whole)?.number ?: text(name).toLongOrNull()

fun Fields.items(name: String): List<String> = (this[name] as? FieldValue.Items)?.items.orEmpty().mapNotNull { (it as? FieldValue.Text)?.text }

/** Somebody who comes for the benefit. */
data class Heir(val name: String = "", val relation: String = "", val phone: String = "")

fun Fields.heirs(): List<Heir> =
    (this["heirs"] as? FieldValue.Items)?.items.orEmpty().mapNotNull { item ->
        val parts = (item as? FieldValue.Parts)?.parts ?: return@mapNotNull null
        Heir(parts.text("name"), parts.text("relation"), parts.text("phone"))
    }

fun heirs(all: List<Heir>): FieldValue =
    FieldValue.Items(
        all.map { heir ->
            val parts = listOf("name" to heir.name, "relation" to heir.relation, "phone" to heir.phone)
            FieldValue.Parts(parts.filter { it.second.isNotBlank() }.associate { (name, text) -> name to FieldValue.Text(text) })
        },
    )

/** Strokes of a finger, as text: kept with the form, so that a kill does not ask for the signature again. */
fun strokes(text: String): List<List<Pair<Int, Int>>> =
    text.split('|').filter(String::isNotEmpty).map { stroke ->
        stroke.split(' ').mapNotNull { point ->
            val (x, y) = point.split(',').takeIf { it.size == 2 } ?: return@mapNotNull null
            (x.toIntOrNull() ?: return@mapNotNull null) to (y.toIntOrNull() ?: return@mapNotNull null)
        }
    }

fun text(strokes: List<List<Pair<Int, Int>>>): String = strokes.joinToString("|") { stroke -> stroke.joinToString(" ") { (x, y) -> "$x,$y" } }

/** What `Satu rumah lagi` keeps: the house, and how it is paid. */
val OF_THE_HOUSE =
    listOf("home.line", "home.landmark", "home.rt", "home.rw", "home.village", "home.postcode", "phone", "cover.programs", "cover.months", "cover.payer", "cover.agreement")

/** A record's fields by their parts, as a form names them. */
fun flat(fields: Fields): Fields =
    buildMap {
        for ((name, value) in fields) {
            put(name, value)
            if (value is FieldValue.Parts) for ((part, inner) in value.parts) put("$name.$part", inner)
        }
    }
