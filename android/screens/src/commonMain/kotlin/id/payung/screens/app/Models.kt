package id.payung.screens.app

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import id.payung.client.CoreClient
import id.payung.core.Client
import id.payung.core.CoreException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.stateIn
import kotlinx.coroutines.launch

/** What a screen shows of something that is read from the core. */
sealed interface Loaded<out T> {
    data object Reading : Loaded<Nothing>

    data class Here<T>(val value: T) : Loaded<T>

    data class Failed(val problem: CoreException) : Loaded<Nothing>
}

/** What is being done, or why it was not. */
data class Act(
    val running: Boolean = false,
    val problem: Throwable? = null,
)

/** What every screen's model does: read what is shown again after each change, and act one thing at a time. */
abstract class CoreModel(
    protected val core: CoreClient,
) : ViewModel() {
    private val running = MutableStateFlow(Act())

    /** The act under way. */
    val act: StateFlow<Act> get() = running

    /** Reads anew after every change of the store. */
    protected fun <T> read(load: (Client) -> T): StateFlow<Loaded<T>> = core.changes.map { loaded(load) }.kept()

    /** Reads anew after every change of the store or of what was chosen. */
    protected fun <C, T> read(
        chosen: Flow<C>,
        load: (Client, C) -> T,
    ): StateFlow<Loaded<T>> = core.changes.combine(chosen) { _, c -> c }.map { c -> loaded { load(it, c) } }.kept()

    private fun <T> Flow<Loaded<T>>.kept() = stateIn(viewModelScope, SharingStarted.WhileSubscribed(STAYS), Loaded.Reading)

    private suspend fun <T> loaded(load: (Client) -> T): Loaded<T> =
        try {
            Loaded.Here(core.ask(load))
        } catch (problem: CoreException) {
            Loaded.Failed(problem)
        }

    /** Does one thing; a second one is not begun while it runs. What is thrown is shown and nothing is lost. */
    protected fun perform(act: suspend CoroutineScope.() -> Unit): Job? {
        if (running.value.running) return null
        running.value = Act(running = true)
        return viewModelScope.launch {
            running.value =
                try {
                    act()
                    Act()
                } catch (problem: CoreException) {
                    Act(problem = problem)
                }
        }
    }

    fun dismiss() {
        running.value = running.value.copy(problem = null)
    }

    private companion object {
        /** A turned phone reads nothing again. */
        const val STAYS = 5_000L
    }
}
