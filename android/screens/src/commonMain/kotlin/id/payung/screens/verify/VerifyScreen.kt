package id.payung.screens.verify

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Spacer
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp
import id.payung.core.CardLight
import id.payung.core.CardVerdict
import id.payung.core.CoreException
import id.payung.screens.app.LocalContainer
import id.payung.screens.app.ReadCode
import id.payung.screens.app.sentence
import id.payung.screens.parts.Field
import id.payung.screens.parts.MainButton
import id.payung.screens.parts.Note
import id.payung.screens.parts.OtherButton
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Sign
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Written
import id.payung.screens.parts.Wrong
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords
import kotlinx.coroutines.launch

/** The clinic's question: is this card good? One colour, one word, the reasons; without a network. */
@Composable
fun VerifyRoute(onBack: (() -> Unit)?) {
    val container = LocalContainer.current
    val words = LocalWords.current
    val scope = rememberCoroutineScope()
    var verdict by remember { mutableStateOf<CardVerdict?>(null) }
    var problem by remember { mutableStateOf<String?>(null) }

    fun judge(text: String) {
        scope.launch {
            problem = null
            try {
                verdict = container.core.ask { it.verifyCard(text.trim()) }
            } catch (refused: CoreException) {
                verdict = null
                problem = words.sentence(refused)
            }
        }
    }
    val reader = container.platform.codes
    VerifyScreen(
        verdict,
        problem,
        onBack,
        onRead = ::judge,
        onScan =
            reader?.let {
                {
                    scope.launch {
                        when (val read = it.read()) {
                            is ReadCode.Text -> judge(read.text)
                            ReadCode.None -> problem = words.codeNone
                            ReadCode.Denied -> problem = words.cameraDeniedPaste
                            null -> {}
                        }
                    }
                }
            },
        onAgain = { verdict = null },
    )
}

@Composable
fun VerifyScreen(
    verdict: CardVerdict?,
    problem: String?,
    onBack: (() -> Unit)?,
    onRead: (String) -> Unit,
    onScan: (() -> Unit)?,
    onAgain: () -> Unit,
) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    var typed by rememberSaveable { mutableStateOf("") }
    Screen(words.verifyTitle, onBack, foot = {
        if (verdict != null) {
            MainButton(words.verifyNext, onAgain, sign = Signs.Card)
        } else if (onScan != null) {
            MainButton(words.scan, onScan, sign = Signs.Camera)
        }
    }) {
        problem?.let { Wrong(it) }
        if (verdict == null) {
            Text(words.verifyHow, style = letters.body)
            Field(words.verifyText, typed, { typed = it }, lines = 3, last = true)
            OtherButton(words.verifyCheck, {
                onRead(typed)
                typed = ""
            }, enabled = typed.isNotBlank())
            Note(words.verifySafe)
        } else {
            val (ground, ink, sign) =
                when (verdict.light) {
                    CardLight.GREEN -> Triple(Color(0xFF1B7A4B), Color.White, Signs.Tick)
                    CardLight.AMBER -> Triple(Color(0xFFE3A008), Color(0xFF2B1E00), Signs.Warn)
                    CardLight.RED -> Triple(Color(0xFFB3362B), Color.White, Signs.Cross)
                }
            Column(
                Modifier
                    .fillMaxWidth()
                    .clip(RoundedCornerShape(22.dp))
                    .background(ground)
                    .padding(22.dp)
                    .semantics(mergeDescendants = true) { liveRegion = LiveRegionMode.Assertive },
                horizontalAlignment = Alignment.CenterHorizontally,
            ) {
                Sign(sign, ink, size = 64.dp)
                // the one word that counts is never broken, however large the letters are
                val size = minOf(letters.headline.fontSize.value, WHOLE_WORD / LocalDensity.current.fontScale).sp
                Text(verdict.heading, style = letters.headline.copy(fontSize = size, lineHeight = size * 1.2f), color = ink, textAlign = TextAlign.Center)
                for (sentence in verdict.sentences) Text(sentence, style = letters.body, color = ink, textAlign = TextAlign.Center)
            }
            if (verdict.facts.isNotEmpty()) Paper { for (fact in verdict.facts) Written(fact.label, fact.value) }
            Note(words.verifyLooksLike)
            Spacer(Modifier.size(4.dp))
        }
    }
}

/** The largest letters, in dp, with which the longest word of a verdict stands on one line of 360 dp. */
private const val WHOLE_WORD = 38f
