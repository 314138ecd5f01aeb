package id.payung.screens.app

import androidx.compose.runtime.Stable
import androidx.compose.runtime.mutableStateListOf
import androidx.lifecycle.ViewModelStore
import androidx.lifecycle.ViewModelStoreOwner
import id.payung.core.Phase

/** Where one can be. */
sealed interface Place {
    data object Home : Place

    data class Workers(val filter: WorkerFilter = WorkerFilter.ALL) : Place

    data object Rounds : Place

    data object More : Place

    data class Register(val form: Long? = null, val record: String? = null, val self: Boolean = false) : Place

    data class Detail(val worker: String) : Place

    data object NeedsAttention : Place

    data class Conflict(val record: String, val field: String) : Place

    data class Card(val worker: String) : Place

    data object Exchange : Place

    data object Hub : Place

    data object Quote : Place

    data object Verify : Place

    data object Clinics : Place

    data class Accident(val worker: String? = null) : Place

    data class Death(val worker: String? = null) : Place

    data class Feedback(val worker: String? = null, val topic: String = "question") : Place

    data object Reports : Place

    data class Report(val id: String) : Place

    data object Outreach : Place

    data class Session(val id: String) : Place

    data object Lessons : Place

    data object Renewals : Place

    data class Renew(val worker: String, val enrollment: String) : Place

    data class Slip(val worker: String) : Place

    data class OwnRecord(val worker: String) : Place

    data object Import : Place

    data object Settings : Place

    data object About : Place

    /** The four of the bottom bar. */
    val isRoot: Boolean get() = this is Home || this is Workers || this is Rounds || this is More
}

/** Which of my workers. */
enum class WorkerFilter(vararg val phases: Phase) {
    ALL,
    FIXING(Phase.Returned),
    LAPSING(Phase.Lapsing, Phase.Arrears(1u), Phase.Arrears(2u), Phase.Arrears(3u)),
    WAITING(Phase.Queued, Phase.WithHub, Phase.Received, Phase.Verified, Phase.Submitted, Phase.Numbered, Phase.PaidNotStarted),
    COVERED(Phase.Covered, Phase.Lapsing),
    ENDED(Phase.Ended, Phase.Closed),
}

/** A place one came to, with what its screen keeps for as long as it is in the stack. */
@Stable
class Entry(val place: Place) : ViewModelStoreOwner {
    override val viewModelStore = ViewModelStore()
}

/** The way back. Leaving a place clears what its screen kept; what was typed is in the core. */
@Stable
class Navigator(start: Place = Place.Home) {
    private val stack = mutableStateListOf(Entry(start))

    val here: Entry get() = stack.last()
    val places: List<Place> get() = stack.map { it.place }

    fun go(place: Place) {
        if (place.isRoot) {
            while (stack.isNotEmpty()) drop()
        }
        stack += Entry(place)
    }

    /** Another place instead of this one. */
    fun replace(place: Place) {
        drop()
        stack += Entry(place)
    }

    /** False where there is nothing before. */
    fun back(): Boolean {
        if (stack.size > 1) {
            drop()
            return true
        }
        if (here.place != Place.Home) {
            go(Place.Home)
            return true
        }
        return false
    }

    fun clear(start: Place = Place.Home) {
        while (stack.isNotEmpty()) drop()
        stack += Entry(start)
    }

    private fun drop() = stack.removeAt(stack.lastIndex).viewModelStore.clear()
}
