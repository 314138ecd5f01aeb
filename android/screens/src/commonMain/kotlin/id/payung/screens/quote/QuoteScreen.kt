package id.payung.screens.quote

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableLongStateOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.unit.dp
import id.payung.core.Breakdown
import id.payung.core.CoreException
import id.payung.core.FieldValue
import id.payung.core.Occupation
import id.payung.core.occupations
import id.payung.core.price
import id.payung.core.programmes
import id.payung.screens.app.rupiah
import id.payung.screens.app.sentence
import id.payung.screens.parts.Choice
import id.payung.screens.parts.Fact
import id.payung.screens.parts.Field
import id.payung.screens.parts.Heading
import id.payung.screens.parts.LinkButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.TickRow
import id.payung.screens.parts.Tone
import id.payung.screens.parts.Typed
import id.payung.screens.parts.Way
import id.payung.screens.parts.Wrong
import id.payung.screens.register.PriceBox
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords

/** The calculator: what it costs, month by month, to be shown to the worker. Needs nobody and no network. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
fun QuoteScreen(onBack: () -> Unit) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    var income by rememberSaveable { mutableStateOf("1000000") }
    var months by rememberSaveable { mutableLongStateOf(6) }
    var jht by rememberSaveable { mutableStateOf(false) }
    var sponsored by rememberSaveable { mutableStateOf(false) }
    var typed by rememberSaveable { mutableStateOf("") }
    var job by remember { mutableStateOf<Occupation?>(null) }
    val fields =
        mapOf(
            "income" to FieldValue.Text(income),
            "occupations.first" to FieldValue.Text(job?.code ?: "petani_padi"),
            "cover.months" to FieldValue.Whole(months),
            "cover.programs" to FieldValue.Items((listOf("jkk", "jkm") + if (jht) listOf("jht") else emptyList()).map { FieldValue.Text(it) }),
            "cover.payer" to FieldValue.Text(if (sponsored) "csr" else "self"),
        )
    val reckoned: Result<Breakdown> = remember(fields) { runCatching { price(fields) } }
    Screen(words.quoteTitle, onBack) {
        Field(words.income, income, { income = it.filter(Char::isDigit) }, typed = Typed.DIGITS, last = true)
        Field(words.job, job?.name ?: typed, {
            typed = it
            job = null
        }, last = true, hint = words.jobHint)
        if (job == null && typed.isNotBlank()) {
            for (found in occupations(typed, 4u)) Way(found.name, null, { job = found })
        }
        Heading(words.howLong)
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            for (term in listOf(1L, 3L, 6L, 12L)) Choice(words.months(term.toString()), months == term, { months = term })
        }
        TickRow(words.programJht, jht, { jht = it })
        TickRow(words.paysSponsor, sponsored, { sponsored = it })
        reckoned.exceptionOrNull()?.let { problem -> Wrong(words.sentence(problem as? CoreException ?: CoreException.NotFound())) }
        reckoned.getOrNull()?.let { price ->
            PriceBox(price, letters)
            Heading(words.quoteByMonth)
            for (line in price.lines) {
                Paper {
                    Text(line.sentence, style = letters.body)
                    Fact("JKK", rupiah(line.jkk))
                    Fact("JKM", rupiah(line.jkm))
                    if (line.jht > 0) Fact("JHT", rupiah(line.jht))
                    if (line.discount > 0) Fact(words.discount, "- " + rupiah(line.discount))
                    Fact(words.aMonthIs, rupiah(line.monthly))
                    if (line.laws.isNotEmpty()) Text(words.source(line.laws.joinToString(", ")), style = letters.small)
                }
            }
            Heading(words.quoteTerms)
            Paper { for (term in price.terms) Fact(words.months(term.months.toString()), term.total?.let { rupiah(it) } ?: words.quoteNoRates) }
        }
        for (programme in programmes().filterNot { it.offered }) Note("${programme.name}: ${programme.whyNot}", tone = Tone.QUIET)
        LinkButton(words.back, onBack)
    }
}
