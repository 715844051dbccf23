# Runs a command on a new terminal and presses Ctrl-C, or another key, at a text, some times. Prints what was ever drawn, what the
# screen shows at the end, and the exit code.
import fcntl, json, os, pty, re, struct, sys, termios

request = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, request["columns"], 0, 0))
    os.execve(request["command"][0], request["command"], request["environment"])
drawn, presses = b"", request["presses"]
while True:
    try:
        chunk = os.read(terminal, 4096)
    except OSError:
        break
    if not chunk:
        break
    drawn += chunk
    while presses and request["at"].encode() in drawn:
        os.write(terminal, request.get("key", "\x03").encode())
        presses -= 1
_, status = os.waitpid(pid, 0)

lines, row, column = [""], 0, 0
for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|.", drawn.decode(errors="replace"), re.S):
    if part.startswith("\x1b["):
        count = int(part[2:-1]) if part[2:-1].isdigit() else 1
        if part[-1] == "A":
            row = max(0, row - count)
        elif part[-1] == "B":
            row += count
        elif part[-1] == "K":
            lines[row] = "" if part[2:-1] == "2" else lines[row][:column]
        elif part[-1] == "J":
            lines[row] = lines[row][:column]
            del lines[row + 1:]
    elif part == "\r":
        column = 0
    elif part == "\n":
        row += 1
    elif part >= " ":
        lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + 1:]
        column += 1
    lines += [""] * (row + 1 - len(lines))
print(json.dumps({"drawn": drawn.decode(errors="replace"), "screen": "\n".join(lines), "code": os.waitstatus_to_exitcode(status)}))
