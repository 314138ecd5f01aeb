package id.payung.screens.app

import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
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

private val SHORT = listOf("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
