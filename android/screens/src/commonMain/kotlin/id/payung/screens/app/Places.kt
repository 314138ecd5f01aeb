package id.payung.screens.app

import androidx.compose.runtime.Composable
import id.payung.core.About
import id.payung.screens.card.CardRoute
import id.payung.screens.detail.DetailRoute
import id.payung.screens.exchange.ExchangeRoute
import id.payung.screens.exchange.HubScreen
import id.payung.screens.home.HomeRoute
import id.payung.screens.lessons.LessonsScreen
import id.payung.screens.more.MoreScreen
import id.payung.screens.needs.ConflictRoute
import id.payung.screens.needs.NeedsRoute
import id.payung.screens.register.RegisterRoute
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
                is About.Clinic -> MoreScreen(navigator::go)
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
        else -> MoreScreen(navigator::go)
    }
}
