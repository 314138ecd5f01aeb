package id.payung.screens.app

import id.payung.client.CoreClient
import id.payung.core.About
import id.payung.core.CoreException
import id.payung.core.LockState
import id.payung.core.Membership
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow

/** What can be seen at all. */
sealed interface Gate {
    /** The first start. */
    data object Fresh : Gate

    data object Locked : Gate

    data object NotJoined : Gate

    data class Open(val membership: Membership) : Gate {
        val isOfficial: Boolean get() = membership.about is About.Areas
    }
}

/** Looks whether the phone is locked: after each act that may change it, and every few seconds, since it locks by itself. */
class GateModel(private val core: CoreClient) {
    private val seen = MutableStateFlow<Gate?>(null)
    val state: StateFlow<Gate?> get() = seen

    suspend fun look() {
        seen.value =
            core.ask { client ->
                when (client.lockIfIdle()) {
                    LockState.FRESH -> Gate.Fresh
                    LockState.LOCKED -> Gate.Locked
                    LockState.SUSPENDED -> {
                        client.resume()
                        open(client.membership())
                    }
                    LockState.OPEN ->
                        try {
                            open(client.membership())
                        } catch (_: CoreException.Locked) {
                            Gate.Locked
                        }
                }
            }
    }

    private fun open(membership: Membership?): Gate = membership?.let { Gate.Open(it) } ?: Gate.NotJoined
}
