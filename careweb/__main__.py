from careweb.cli import main

main()
