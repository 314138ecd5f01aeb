package id.payung.client

import id.payung.core.Changed
import id.payung.core.Client
import id.payung.core.StoreObserver
import id.payung.core.SyncObserver
import id.payung.core.SyncState
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.withContext

/**
 * The facade as screens use it: every call runs off the main thread, and what the core tells comes as flows.
 *
 * Calls throw what the facade throws ([id.payung.core.CoreException]).
 */
class CoreClient(
    val facade: Client,
    private val background: CoroutineDispatcher = Dispatchers.IO,
) : AutoCloseable {
    /** One or more calls of the facade, off the main thread. */
    suspend fun <T> ask(call: (Client) -> T): T = withContext(background) { call(facade) }

    /** What changed on this phone: once at the start, then after every change. Missed ones are folded into the next. */
    val changes: Flow<Changed> =
        callbackFlow {
            val subscription =
                facade.observe(
                    object : StoreObserver {
                        override fun changed(what: Changed) {
                            trySend(what)
                        }
                    },
                )
            awaitClose {
                subscription.end()
                subscription.destroy()
            }
        }.conflate()

    /** What the exchange is doing. */
    val exchange: Flow<SyncState> =
        callbackFlow {
            val subscription =
                facade.observeSync(
                    object : SyncObserver {
                        override fun state(state: SyncState) {
                            trySend(state)
                        }
                    },
                )
            awaitClose {
                subscription.end()
                subscription.destroy()
            }
        }.conflate()

    override fun close() = facade.destroy()
}
