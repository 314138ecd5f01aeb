package id.payung.screens.app

import id.payung.core.CoreException
import id.payung.core.FieldError
import id.payung.core.KeyVaultException
import id.payung.core.Pause
import id.payung.words.Words

/** What the core refused, as a sentence: what happened, what is safe, what to do. Never a code alone. */
fun Words.sentence(problem: Throwable): String =
    when (problem) {
        is CoreException.Invalid -> problem.fields.joinToString("\n") { wrong(it) }
        is CoreException.WrongPin -> if (problem.waitMs > 0u) pinWrongWait(duration(problem.waitMs.toLong())) else pinWrong(problem.triesLeft.toString())
        is CoreException.PinWait -> pinWait(duration(problem.waitMs.toLong()))
        is CoreException.PinNeeded -> pinNeeded
        is CoreException.RecoveryNeeded -> recoveryNeeded
        is CoreException.NoRecovery -> recoveryNone
        is CoreException.Vault -> if (problem.why is KeyVaultException.Refused) vaultRefused else vaultFailed
        is CoreException.LeaseOver -> leaseOver
        is CoreException.NewerApp -> newerApp
        is CoreException.Damaged -> damaged
        is CoreException.NotSaved -> notSaved
        is CoreException.NotJoined -> notJoined
        is CoreException.PictureRefused -> pictureRefused
        is CoreException.ListRefused -> why(problem.code) ?: listRefused
        is CoreException.NotAllowed -> notAllowed
        is CoreException.NotFound -> notFound
        is CoreException.NotConnected ->
            when (problem.why) {
                Pause.PORTAL -> roadPortal
                Pause.SLOW -> roadSlow
                Pause.REFUSED -> roadRefused
                Pause.UNTRUSTED -> roadUntrusted
                Pause.STORE -> notSaved
                Pause.JOIN -> notJoined
                Pause.UNREACHABLE -> roadUnreachable
            }
        is CoreException.Wait -> roadWait
        is CoreException.Refused -> why(problem.code) ?: refused
        is CoreException.NotUnderstood -> notUnderstood
        is CoreException.AlreadyRunning -> roadBusy
        is CoreException.AlreadyOpen -> alreadyOpen
        else -> defect
    }

/** What is wrong with a field. */
fun Words.wrong(error: FieldError): String = why(error.code) ?: fieldWrong

/** A wait as people say it. */
fun Words.duration(ms: Long): String {
    val seconds = (ms + 999) / 1000
    return if (seconds < 90) seconds(seconds.toString()) else minutes(((seconds + 59) / 60).toString())
}
