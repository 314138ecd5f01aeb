package id.payung.screens.app

import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import id.payung.words.Words
import java.time.LocalDate
import java.time.ZoneId

/** Where the pilot is; months count there, never in UTC. */
private val JAKARTA: ZoneId = ZoneId.of("Asia/Jakarta")

/** The day on the wall. */
fun today(): LocalDate = LocalDate.now(JAKARTA)

@Composable
fun rememberToday(): String = remember { today().toString() }

/** Milliseconds since 1970 as `20 Nov 18.40`. */
fun clock(ms: Long): String {
    val at = java.time.Instant.ofEpochMilli(ms).atZone(JAKARTA)
    return "%d %s %02d.%02d".format(at.dayOfMonth, SHORT[at.monthValue - 1], at.hour, at.minute)
}

/** A value of a field as it is read: an instant as [clock], a date as a day, anything else as it stands. */
fun Words.plain(value: String): String =
    when {
        INSTANT.matches(value) -> clock(java.time.Instant.parse(value).toEpochMilli())
        DATE.matches(value) -> day(value)
        else -> value
    }

private val INSTANT = Regex("\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z")
private val DATE = Regex("\\d{4}-\\d{2}-\\d{2}")

private val SHORT = listOf("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
