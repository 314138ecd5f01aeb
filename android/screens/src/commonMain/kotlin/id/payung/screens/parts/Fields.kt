package id.payung.screens.parts

import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.toggleable
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.foundation.text.BasicTextField
import androidx.compose.foundation.text.KeyboardActions
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.focus.onFocusChanged
import androidx.compose.ui.graphics.SolidColor
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.error
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.input.ImeAction
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.text.input.OffsetMapping
import androidx.compose.ui.text.input.PasswordVisualTransformation
import androidx.compose.ui.text.input.TransformedText
import androidx.compose.ui.text.input.VisualTransformation
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.Look

/** What kind of thing is typed; chooses the keyboard. */
enum class Typed { WORDS, NAME, DIGITS, PHONE, PIN }

internal fun Modifier.selectableTick(
    ticked: Boolean,
    onTick: (Boolean) -> Unit,
): Modifier = toggleable(value = ticked, role = Role.Checkbox, onValueChange = onTick)

/** A field with its name above it, what is wrong beneath it. It holds what was typed, wrong or not. */
@Composable
fun Field(
    label: String,
    value: String,
    onValue: (String) -> Unit,
    modifier: Modifier = Modifier,
    typed: Typed = Typed.WORDS,
    wrong: String? = null,
    hint: String = "",
    lines: Int = 1,
    last: Boolean = false,
    onDone: () -> Unit = {},
    shown: VisualTransformation = if (typed == Typed.PIN) PasswordVisualTransformation() else VisualTransformation.None,
    style: TextStyle = LocalLetters.current.body,
) {
    val colours = LocalColours.current
    var focused by remember { mutableStateOf(false) }
    val shape = RoundedCornerShape(Look.corner)
    val border = if (wrong != null) colours.bata else if (focused) colours.nila else colours.edge
    Column(modifier.fillMaxWidth()) {
        Text(label, style = LocalLetters.current.small, color = colours.mute)
        BasicTextField(
            value = value,
            onValueChange = onValue,
            modifier =
                Modifier
                    .fillMaxWidth()
                    .padding(top = 4.dp)
                    .onFocusChanged { focused = it.isFocused }
                    .semantics {
                        contentDescription = label
                        if (wrong != null) error(wrong)
                    },
            textStyle = style.copy(color = colours.ink),
            cursorBrush = SolidColor(colours.nila),
            singleLine = lines == 1,
            minLines = lines,
            visualTransformation = shown,
            keyboardOptions =
                KeyboardOptions(
                    keyboardType =
                        when (typed) {
                            Typed.DIGITS -> KeyboardType.Number
                            Typed.PIN -> KeyboardType.NumberPassword
                            Typed.PHONE -> KeyboardType.Phone
                            else -> KeyboardType.Text
                        },
                    capitalization = if (typed == Typed.NAME) KeyboardCapitalization.Characters else KeyboardCapitalization.Sentences,
                    imeAction = if (last) ImeAction.Done else ImeAction.Next,
                    autoCorrectEnabled = typed == Typed.WORDS,
                ),
            keyboardActions = KeyboardActions(onDone = { onDone() }),
            decorationBox = { inner ->
                Box(
                    Modifier
                        .fillMaxWidth()
                        .heightIn(min = 54.dp)
                        .clip(shape)
                        .background(colours.card)
                        .border(if (focused || wrong != null) 2.dp else 1.5.dp, border, shape)
                        .padding(horizontal = 14.dp, vertical = 14.dp),
                ) {
                    if (value.isEmpty() && hint.isNotEmpty()) Text(hint, style = style, color = colours.mute)
                    inner()
                }
            },
        )
        if (wrong != null) Wrong(wrong)
    }
}

/** Digits in groups of these sizes, apart on the screen only: what is held is the digits. */
class Grouped(
    private vararg val sizes: Int,
) : VisualTransformation {
    override fun filter(text: androidx.compose.ui.text.AnnotatedString): TransformedText {
        val starts = sizes.runningReduce(Int::plus).dropLast(1)
        val shown = StringBuilder()
        text.text.forEachIndexed { at, c ->
            if (at in starts) shown.append("  ")
            shown.append(c)
        }
        val mapping =
            object : OffsetMapping {
                override fun originalToTransformed(offset: Int) = offset + 2 * starts.count { it < offset || (it == offset && offset < text.length) }

                override fun transformedToOriginal(offset: Int): Int = (0..text.length).minBy { kotlin.math.abs(originalToTransformed(it) - offset) }
            }
        return TransformedText(androidx.compose.ui.text.AnnotatedString(shown.toString()), mapping)
    }
}

/** The NIK: one field, drawn 6-6-4. Anything but digits is left out as it is typed. */
@Composable
fun NikField(
    label: String,
    value: String,
    onValue: (String) -> Unit,
    modifier: Modifier = Modifier,
    wrong: String? = null,
    onDone: () -> Unit = {},
) = Field(
    label,
    value,
    { typed -> onValue(typed.filter(Char::isDigit).take(16)) },
    modifier,
    Typed.DIGITS,
    wrong,
    last = true,
    onDone = onDone,
    shown = remember { Grouped(6, 6, 4) },
    style = LocalLetters.current.number.let { it.copy(fontSize = minOf(it.fontSize.value, WHOLE_NIK / LocalDensity.current.fontScale).sp) },
)

/** The largest letters, in dp, with which sixteen digits in three groups stand whole on 360 dp: a NIK is compared, never scrolled. */
private const val WHOLE_NIK = 26f

/** A day as a KTP prints it, 31-12-1980; what is held is 1980-12-31, or what was typed while it is no day yet. */
@Composable
fun DateField(
    label: String,
    value: String,
    onValue: (String) -> Unit,
    modifier: Modifier = Modifier,
    wrong: String? = null,
    last: Boolean = false,
) {
    val digits = dayDigits(value)
    Field(
        label,
        digits,
        { typed -> onValue(heldDay(typed.filter(Char::isDigit).take(8))) },
        modifier,
        Typed.DIGITS,
        wrong,
        hint = "31-12-1980",
        last = last,
        shown = remember { Dashed },
    )
}

/** `1980-12-31` as `31121980`; what is no day yet as it was typed. */
fun dayDigits(held: String): String {
    val parts = held.split('-')
    return if (parts.size == 3 && parts[0].length == 4) parts[2] + parts[1] + parts[0] else held.filter(Char::isDigit)
}

/** Eight digits as a day to be held, fewer as they are. */
fun heldDay(digits: String): String = if (digits.length == 8) "${digits.drop(4)}-${digits.substring(2, 4)}-${digits.take(2)}" else digits

private object Dashed : VisualTransformation {
    override fun filter(text: androidx.compose.ui.text.AnnotatedString): TransformedText {
        val shown = text.text.mapIndexed { at, c -> if (at == 2 || at == 4) "-$c" else "$c" }.joinToString("")
        val mapping =
            object : OffsetMapping {
                override fun originalToTransformed(offset: Int) = (offset + (if (offset > 2) 1 else 0) + (if (offset > 4) 1 else 0)).coerceAtMost(shown.length)

                override fun transformedToOriginal(offset: Int) = (0..text.length).minBy { kotlin.math.abs(originalToTransformed(it) - offset) }
            }
        return TransformedText(androidx.compose.ui.text.AnnotatedString(shown), mapping)
    }
}
