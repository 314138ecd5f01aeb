package id.payung.screens.lessons

import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import id.payung.core.benefitSheets
import id.payung.core.lessons
import id.payung.screens.app.rememberToday
import id.payung.screens.app.spoken
import id.payung.screens.parts.Heading
import id.payung.screens.parts.Note
import id.payung.screens.parts.Paper
import id.payung.screens.parts.Screen
import id.payung.screens.parts.Signs
import id.payung.screens.parts.Way
import id.payung.screens.theme.LocalColours
import id.payung.screens.theme.LocalLetters
import id.payung.screens.theme.LocalWords

/** Lessons and a sheet a programme: for anybody, without joining and without a network. */
@Composable
fun LessonsScreen(onBack: () -> Unit) {
    val words = LocalWords.current
    val letters = LocalLetters.current
    val month = rememberToday().take(7)
    val language = words.spoken
    val all = remember(language) { lessons(language) }
    val sheets = remember(language, month) { benefitSheets(language, month) }
    var code by rememberSaveable { mutableStateOf<String?>(null) }
    val lesson = all.firstOrNull { it.code == code }
    val sheet = sheets.firstOrNull { it.code == code }
    when {
        lesson != null ->
            Screen(lesson.title, { code = null }) {
                for (paragraph in lesson.paragraphs) Text(paragraph, style = letters.body)
                Text(words.source(lesson.source), style = letters.small, color = LocalColours.current.mute)
                if (lesson.note.isNotBlank()) Note(lesson.note)
            }
        sheet != null ->
            Screen(sheet.title, { code = null }) {
                Text(sheet.what, style = letters.body)
                for (row in sheet.rows) {
                    Paper {
                        Text(row.title, style = letters.strong)
                        Text(row.sentence, style = letters.body)
                        Text(words.source(row.source), style = letters.small, color = LocalColours.current.mute)
                    }
                }
                if (sheet.whyNot.isNotBlank()) Note(sheet.whyNot)
                Note(sheet.decides)
                if (sheet.note.isNotBlank()) Note(sheet.note)
            }
        else ->
            Screen(words.lessonsTitle, onBack) {
                for (one in all) Way(one.title, null, { code = one.code }, sign = Signs.Book)
                Heading(words.benefitsTitle)
                for (one in sheets) Way(one.title, one.what, { code = one.code }, sign = Signs.Umbrella)
            }
    }
}
