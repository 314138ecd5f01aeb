// The child of the kill: registers one person, types half of another, and waits to be killed.
import Foundation
import Phones

let client = try phone(CommandLine.arguments[1])
let form = try client.openForm(record: nil)
try client.typeFields(form: form.id, fields: person(Int(CommandLine.arguments[2])!, "Kuswanto Terbunuh"))
_ = try client.register(form: form.id, area: nil)
let half = try client.openForm(record: nil)
try client.typeField(form: half.id, name: "name", value: text("Setengah Jadi"))
FileHandle.standardOutput.write(Data("saved\n".utf8))
while true { sleep(1000) }
