package id.payung.screens.more

import androidx.compose.runtime.Composable
import id.payung.screens.app.Place
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Way
import id.payung.screens.theme.LocalWords

/** Everything that is not used every day. */
@Composable
fun MoreScreen(go: (Place) -> Unit) {
    val words = LocalWords.current
    Screen(words.more, onBack = null) {
        Way(words.exchangeTitle, null, { go(Place.Exchange) }, sign = Signs.Wifi)
        Way(words.needsTitle, null, { go(Place.NeedsAttention) }, sign = Signs.Warn)
        Way(words.renewalsTitle, null, { go(Place.Renewals) }, sign = Signs.Clock)
        Way(words.quoteTitle, null, { go(Place.Quote) }, sign = Signs.Umbrella)
        Way(words.verifyTitle, null, { go(Place.Verify) }, sign = Signs.Card)
        Way(words.accidentTitle, null, { go(Place.Accident()) }, sign = Signs.Cross2)
        Way(words.deathTitle, null, { go(Place.Death()) }, sign = Signs.Pen)
        Way(words.reportsTitle, null, { go(Place.Reports) }, sign = Signs.Talk)
        Way(words.feedbackTitle, null, { go(Place.Feedback()) }, sign = Signs.Talk)
        Way(words.clinicsTitle, null, { go(Place.Clinics) }, sign = Signs.Cross2)
        Way(words.outreachTitle, null, { go(Place.Outreach) }, sign = Signs.People)
        Way(words.lessonsTitle, null, { go(Place.Lessons) }, sign = Signs.Book)
        Way(words.importList, null, { go(Place.Import) }, sign = Signs.Lines)
        Way(words.hubTitle, words.notYetThere, { go(Place.Hub) }, sign = Signs.Wifi)
        Way(words.settingsTitle, null, { go(Place.Settings) }, sign = Signs.Gear)
        Way(words.aboutTitle, null, { go(Place.About) }, sign = Signs.Book)
    }
}

/** What a clinic does: looks at cards, and says that it has the person. */
@Composable
fun ClinicHome(go: (Place) -> Unit) {
    val words = LocalWords.current
    Screen(words.appName, onBack = null) {
        Way(words.verifyTitle, words.verifyUnder, { go(Place.Verify) }, sign = Signs.Card)
        Way(words.reportsTitle, words.clinicReportsUnder, { go(Place.Reports) }, sign = Signs.Cross2)
        Way(words.exchangeTitle, null, { go(Place.Exchange) }, sign = Signs.Wifi)
        Way(words.lessonsTitle, null, { go(Place.Lessons) }, sign = Signs.Book)
        Way(words.settingsTitle, null, { go(Place.Settings) }, sign = Signs.Gear)
    }
}
