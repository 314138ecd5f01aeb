package id.payung.screens.app

import androidx.compose.runtime.Composable
import id.payung.core.About
import id.payung.screens.card.CardRoute
import id.payung.screens.clinics.ClinicsRoute
import id.payung.screens.detail.DetailRoute
import id.payung.screens.exchange.ExchangeRoute
import id.payung.screens.exchange.HubScreen
import id.payung.screens.home.HomeRoute
import id.payung.screens.lessons.LessonsScreen
import id.payung.screens.more.ClinicHome
import id.payung.screens.more.MoreScreen
import id.payung.screens.needs.ConflictRoute
import id.payung.screens.needs.NeedsRoute
import id.payung.screens.outreach.OutreachRoute
import id.payung.screens.outreach.SessionRoute
import id.payung.screens.papers.ImportScreen
import id.payung.screens.papers.OwnRecordRoute
import id.payung.screens.papers.SlipRoute
import id.payung.screens.quote.QuoteScreen
import id.payung.screens.register.RegisterRoute
import id.payung.screens.renewals.RenewRoute
import id.payung.screens.renewals.RenewalsRoute
import id.payung.screens.reports.AccidentScreen
import id.payung.screens.reports.DeathScreen
import id.payung.screens.reports.FeedbackScreen
import id.payung.screens.reports.ReportRoute
import id.payung.screens.reports.ReportsRoute
import id.payung.screens.rounds.RoundsRoute
import id.payung.screens.settings.AboutScreen
import id.payung.screens.settings.SettingsScreen
import id.payung.screens.verify.VerifyRoute
import id.payung.screens.workers.WorkersRoute

/** Which screen a place is. */
@Composable
fun PlaceScreen(
    place: Place,
    gate: Gate.Open,
) {
    val navigator = LocalContainer.current.navigator
    val back: () -> Unit = { navigator.back() }
    when (place) {
        Place.Home ->
            when (val about = gate.membership.about) {
                About.Areas -> HomeRoute(gate.membership)
                is About.Worker -> CardRoute(about.worker, null)
                is About.Clinic -> ClinicHome(navigator::go)
            }
        is Place.Workers -> WorkersRoute(place.filter)
        is Place.Register -> RegisterRoute(place)
        is Place.Detail -> DetailRoute(place)
        Place.NeedsAttention -> NeedsRoute()
        is Place.Conflict -> ConflictRoute(place)
        is Place.Card -> CardRoute(place.worker, back)
        Place.Exchange -> ExchangeRoute()
        Place.Hub -> HubScreen(back)
        Place.Lessons -> LessonsScreen(back)
        Place.More -> MoreScreen(navigator::go)
        Place.Rounds -> RoundsRoute()
        Place.Quote -> QuoteScreen(back)
        Place.Verify -> VerifyRoute(back)
        Place.Clinics -> ClinicsRoute(back)
        is Place.Accident -> AccidentScreen(place)
        is Place.Death -> DeathScreen(place)
        is Place.Feedback -> FeedbackScreen(place)
        Place.Reports -> ReportsRoute(back)
        is Place.Report -> ReportRoute(place.id, back)
        Place.Outreach -> OutreachRoute(back)
        is Place.Session -> SessionRoute(place.id, back)
        Place.Renewals -> RenewalsRoute(back)
        is Place.Renew -> RenewRoute(place, back)
        is Place.Slip -> SlipRoute(place.worker, back)
        is Place.OwnRecord -> OwnRecordRoute(place.worker, back)
        Place.Import -> ImportScreen(back)
        Place.Settings -> SettingsScreen(gate.membership, back)
        Place.About -> AboutScreen(back)
    }
}
